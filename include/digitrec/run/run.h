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
  int64_t number = 1;  ///< from 1
  int64_t count = 1;
  std::filesystem::path folder;  ///< the run's own where it is the only one
};

/// How the training of a member ended, in this call or in an earlier one.
struct MemberResult {
  Member member;
  StopReason reason = StopReason::finished;
  int64_t epochs = 0;                ///< epochs completed
  std::optional<EpochMetrics> best;  ///< of the epoch in best.safetensors; empty when none was completed
  double seconds = 0;                ///< of training alone
  bool was_complete = false;         ///< nothing was left to do
};

/// Rows of a data set scored by networks that never saw them.
struct HeldOut {
  at::Tensor rows;                    ///< int64 [M], ascending
  at::Tensor probabilities;           ///< float32 [M, classes]: the mean over the networks that did not train on the row
  std::vector<std::string> damage{};  ///< a line for each checkpoint that could not be used, see Loaded
};

/// How a run ended.
struct RunResult {
  StopReason reason = StopReason::finished;
  std::filesystem::path folder;
  std::vector<MemberResult> members;  ///< those that are complete, and the one that was interrupted
  HeldOut held_out;                   ///< of several networks; empty when interrupted or when nothing is held back
  double seconds = 0;                 ///< of training in this call
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
  virtual void on_batch(const BatchProgress& /*progress*/) {}
  /// `network`: what the epoch is validated and saved with, on the device.
  virtual void on_epoch(const EpochMetrics& /*metrics*/, bool /*is_best*/, const Checkpoint& /*network*/) {}
  virtual void end(const RunResult& /*result*/) {}
};

/// Whether a run is new or was cut short.
enum class Start { fresh, resumed };

struct RunOptions {
  Start start = Start::fresh;
  std::vector<RunObserver*> observers{};  ///< told in this order
  std::function<bool()> should_stop{};    ///< asked after each batch; true ends the run with what it has, saved
};

/// Trains what `config` asks for, one network or those of its folds and ensemble, on part of `dataset`, validates on the
/// rest after each epoch, and fills the run folder `folder`: config.toml, summary.json, and for each network
/// metrics.csv, best.safetensors, last.safetensors and state.safetensors, for several in member-NN below it.
///
/// The best epoch is the one with the highest validation accuracy, the lower validation loss deciding between equals;
/// without validation rows it is the last. Nothing is made before the data, model and device have proved to be sound.
/// Throws Error; what had been saved by then stays.
///
/// Fresh, the folder must not hold anything yet. A run that is resumed was cut short there or is to have more epochs:
/// its weights become, bit for bit, those it would have had in one go, given the same data, machine and settings.
/// `config` is then the run's own (read_run_config), of which `epochs`, `max_seconds` and where the data lies may
/// differ; members that are complete are kept. Throws Error, also when the data is another.
RunResult train(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                const RunOptions& options = {});

/// The run's configuration, from its config.toml. Throws Error when `folder` is no run folder.
TrainConfig read_run_config(const std::filesystem::path& folder);

/// The networks that paths mean: of a run folder the best of each member, or, where that is damaged, the one before it;
/// a checkpoint that is named itself is taken as it is. Throws Error when there is none or it cannot be used.
std::vector<Loaded<Checkpoint>> load_networks(const std::vector<std::filesystem::path>& paths);

/// Scores the rows that the run in `folder` held back, each by the networks that never saw it. `dataset` is the one
/// that was trained on. Throws Error when it is not, or when the folder is no finished run.
HeldOut predict_held_out(const std::filesystem::path& folder, const Dataset& dataset, const PredictorOptions& options);

}  // namespace digitrec
