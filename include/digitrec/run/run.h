#pragma once

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/data/dataset.h"
#include "digitrec/infer/predictor.h"
#include "digitrec/train/config.h"
#include "digitrec/train/progress.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// One of the networks of a run: the only one, or one of its folds or of its ensemble.
struct Member {
  int64_t number = 1;            ///< from 1
  int64_t count = 1;             ///< networks in the run
  std::filesystem::path folder;  ///< the run's own when the run has one network
  std::filesystem::path run;     ///< the run's folder
};

/// How the training of a member ended, in this call or in an earlier one.
struct MemberResult {
  Member member;                             ///< which network
  StopReason reason = StopReason::finished;  ///< why its training ended
  int64_t epochs = 0;                        ///< epochs completed
  std::optional<EpochMetrics> best;          ///< of the epoch in best.safetensors; empty when none was completed
  double seconds = 0;                        ///< of training, without validation
  bool was_complete = false;                 ///< an earlier call had completed it
};

/// Rows of a data set scored by networks that never saw them.
struct HeldOut {
  at::Tensor rows{};           ///< int64 [M], ascending
  at::Tensor probabilities{};  ///< float32 [M, classes]: the mean over the networks that did not train on the row
  int64_t held_back = 0;       ///< rows that some network never saw, of which `rows` are the first
  TrainConfig config{};        ///< what the networks were trained with, see trained_config
  /// One line for each checkpoint that could not be used, see Loaded, or that disagrees with its config.toml.
  std::vector<std::string> doubts{};
};

/// How a run ended.
struct RunResult {
  StopReason reason = StopReason::finished;  ///< of the network trained last; of several, finished or interrupted
  std::filesystem::path folder;              ///< the run folder
  std::vector<MemberResult> members;         ///< those that are complete, and the one that was interrupted
  HeldOut held_out;    ///< of several networks; empty when interrupted or when nothing is held back
  double seconds = 0;  ///< of training in this call
};

/// Follows a run: a screen, a log, a page, event files. Each call may throw Error, which ends the run after what is
/// trained is saved.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// A member is complete from an earlier call.
  virtual void keep(const MemberResult& /*member*/) {}
  /// The training of a member begins or resumes.
  virtual void begin(const Member& /*member*/, const TrainStart& /*start*/) {}
  /// A few times a second while a member trains.
  virtual void on_batch(const BatchProgress& /*progress*/) {}
  /// An epoch is complete. `network`: the network that was validated and is saved, on the device.
  virtual void on_epoch(const EpochMetrics& /*metrics*/, bool /*is_best*/, const Checkpoint& /*network*/) {}
  /// The run has ended, and what it trained is saved.
  virtual void end(const RunResult& /*result*/) {}
};

/// Whether a run begins or resumes.
enum class Start { fresh, resumed };

/// What train() takes apart from the configuration.
struct RunOptions {
  Start start = Start::fresh;             ///< whether to begin a run or to resume one
  std::vector<RunObserver*> observers{};  ///< told in this order
  std::function<bool()> should_stop{};    ///< called after each batch; true saves what is trained and ends the run
};

/// Trains what `config` asks for, one network or those of its folds and ensemble, on part of `dataset`, validates on
/// the rest after each epoch, and fills the run folder `folder`: config.toml, summary.json, and for each network
/// metrics.csv, best.safetensors, last.safetensors and state.safetensors, for several in member-NN below it.
///
/// The best epoch is the one with the highest validation accuracy, the lower validation loss deciding between equals;
/// without validation rows it is the last. Nothing is written before data, model and device are checked. Throws Error;
/// what was saved by then stays.
///
/// With Start::fresh the folder must be missing or empty; without a name it is a new one, `runs/MODEL-TIME`, or with
/// -2, -3, ... behind it where other runs have taken that. With Start::resumed it holds a run that was interrupted, or
/// that gets more epochs: its weights become, bit for bit, those of a run that was never interrupted, given the same
/// data, machine and settings. `config` is then the run's own (read_run_config); only `epochs`, `patience`,
/// `max_seconds`, `device`, `threads`, `checkpoint_every` and the paths of the data may differ. More epochs, or another
/// patience, also resume a run that stopped early. Members that are complete are kept. Throws Error, also when the data
/// is not the run's.
RunResult train(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                const RunOptions& options = {});

/// The run's configuration, from its config.toml. Throws Error when `folder` is not a run folder.
TrainConfig read_run_config(const std::filesystem::path& folder);

/// The same with the settings that its networks hold: only those count. Paths and what a resumed run may change are
/// config.toml's. Throws Error when the run has no network.
TrainConfig trained_config(const std::filesystem::path& folder);

/// Loads the networks at `paths`. A run folder gives the best checkpoint of each member, or the previous one where that
/// is damaged; a checkpoint file gives itself. Throws Error when a path has no checkpoint, or one that cannot be used.
std::vector<Loaded<Checkpoint>> load_networks(const std::vector<std::filesystem::path>& paths);

/// One line for each run folder among `paths` of several networks that lacks some of them: load_networks gives the
/// others.
std::vector<std::string> missing_networks(const std::vector<std::filesystem::path>& paths);

/// Scores the rows that the run in `folder` held back, each by the networks that never saw it; with `max_rows` > 0 only
/// the first of them. `dataset` must be the run's own. Throws Error when it is not, or when the run is not finished.
HeldOut predict_held_out(const std::filesystem::path& folder, const Dataset& dataset, const PredictorOptions& options,
                         int64_t max_rows = 0);

}  // namespace digitrec
