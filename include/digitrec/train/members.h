#pragma once

#include "digitrec/infer/predictor.h"
#include "digitrec/train/trainer.h"

#include <torch/types.h>

#include <filesystem>
#include <functional>

namespace digitrec {

/// One of the networks that a configuration with folds or an ensemble asks for.
struct Member {
  int64_t number = 0;  ///< from 1
  int64_t count = 0;
  std::filesystem::path folder;  ///< its own run folder
  bool is_trained = false;       ///< by an earlier call that was cut short
};

/// Rows of a data set scored by networks that never saw them.
struct HeldOut {
  torch::Tensor rows;           ///< int64 [M], ascending
  torch::Tensor probabilities;  ///< float32 [M, classes]: the mean over the networks that did not train on the row
};

struct MembersResult {
  StopReason reason = StopReason::finished;
  int64_t trained = 0;  ///< members complete, earlier calls' included
  HeldOut held_out;     ///< empty rows when the run was interrupted or holds nothing back
  double seconds = 0;   ///< of training in this call
};

/// Trains all members of `config` one after another, each into `folder`/member-NN, and writes config.toml and
/// summary.json beside them. Members that are complete there, under the same configuration, are kept: the same call
/// again goes on where the last one stopped, within a member too; `Start::resumed` also takes a configuration with more
/// epochs, which the members then get. `events_of` is asked for the events of each member that is trained, and
/// told of each that is kept. Throws Error; also when the folder holds a run with another configuration.
MembersResult train_members(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                            const std::function<TrainEvents(const Member&)>& events_of, Start start = Start::anew);

/// Scores the rows that the run in `folder`, of one network or many, held back, each by the networks that never saw it.
/// `dataset` is the one that was trained on. Throws Error when it is not, or when the folder is no finished run.
HeldOut predict_held_out(const std::filesystem::path& folder, const Dataset& dataset, const PredictorOptions& options);

/// The run's configuration, from its config.toml. Throws Error when `folder` is no run folder.
TrainConfig read_run_config(const std::filesystem::path& folder);

}  // namespace digitrec
