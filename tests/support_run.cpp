#include "support_run.h"

#include "digitrec/core/error.h"
#include "run/paths.h"

namespace digitrec::test {
namespace {

class Teller final : public RunObserver {
 public:
  explicit Teller(const Events& events) : events_(events) {}
  void keep(const MemberResult& member) override {
    if (events_.on_keep) events_.on_keep(member);
  }
  void begin(const Member& member, const TrainStart& start) override {
    if (events_.on_start) events_.on_start(member, start);
  }
  void on_epoch(const EpochMetrics& metrics, bool /*is_best*/, const Checkpoint& /*network*/) override {
    if (events_.on_epoch) events_.on_epoch(metrics);
  }

 private:
  const Events& events_;
};

}  // namespace

RunResult run(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
              const Events& events, Start start) {
  Teller teller(events);
  return train(config, dataset, folder, {start, {&teller}, events.should_stop});
}

MemberResult train_one(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                       const Events& events, Start start) {
  return run(config, dataset, folder, events, start).members.front();
}

Checkpoint load_network(const std::filesystem::path& path) {
  return load_checkpoint(std::filesystem::is_directory(path) ? RunPaths(path).best() : path, Fallback::none).value;
}

Predictor predictor_of(const std::vector<std::filesystem::path>& paths, const PredictorOptions& options) {
  return Predictor(load_networks(paths), options);
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace digitrec::test
