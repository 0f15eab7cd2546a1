#pragma once

#include "digitrec/run/run.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace digitrec::test {

/// What a test wants to be told of a run, and asked. Any may be left empty.
struct Events {
  std::function<void(const Member&, const TrainStart&)> on_start{};
  std::function<void(const MemberResult&)> on_keep{};
  std::function<void(const EpochMetrics&)> on_epoch{};
  std::function<bool()> should_stop{};
};

/// Two epochs of mlp-128 on the CPU.
TrainConfig small();

/// train(), telling the events.
RunResult run(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
              const Events& events = {}, Start start = Start::fresh);
/// The same for a run of one network.
MemberResult train_one(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                       const Events& events = {}, Start start = Start::fresh);

/// Ends the run after that many batches.
Events stop_after(int batches);
/// Keeps what the run began with.
Events keep_start(TrainStart& start);

/// metrics.csv without the columns that depend on time.
std::string untimed_metrics(const std::filesystem::path& folder);
/// The weights of both runs are the same, and their untimed_metrics.
void expect_same_run(const std::filesystem::path& whole, const std::filesystem::path& pieces);

/// The network in a checkpoint or a run's folder, which must be sound.
Checkpoint load_network(const std::filesystem::path& path);
Predictor predictor_of(const std::vector<std::filesystem::path>& paths, const PredictorOptions& options = {});

/// What the error says; empty when there is none.
std::string message_of(const std::function<void()>& work);

}  // namespace digitrec::test
