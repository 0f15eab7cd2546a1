#include "support_run.h"

#include "digitrec/core/error.h"
#include "run/paths.h"
#include "support.h"

#include <sstream>

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

std::string untimed_metrics(const std::filesystem::path& folder) {
  std::istringstream rows(read_text(folder / "metrics.csv"));
  std::string text;
  for (std::string row; std::getline(rows, row);) {
    size_t end = row.size();
    for (int i = 0; i < 2; ++i) end = row.rfind(',', end - 1);
    text += row.substr(0, end) + "\n";
  }
  return text;
}

TrainConfig small() {
  TrainConfig config;
  config.model = "mlp-128";
  config.device = "cpu";
  config.epochs = 2;
  return config;
}

RunResult run(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
              const Events& events, Start start) {
  Teller teller(events);
  return train(config, dataset, folder, {start, {&teller}, events.should_stop});
}

MemberResult train_one(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                       const Events& events, Start start) {
  return run(config, dataset, folder, events, start).members.front();
}

Events stop_after(int batches) {
  Events events;
  events.should_stop = [left = batches]() mutable { return left-- <= 0; };
  return events;
}

Events keep_start(TrainStart& start) {
  Events events;
  events.on_start = [&start](const Member&, const TrainStart& s) { start = s; };
  return events;
}

void expect_same_run(const std::filesystem::path& whole, const std::filesystem::path& pieces) {
  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(read_text(whole / file) == read_text(pieces / file)) << file;
  }
  EXPECT_EQ(untimed_metrics(whole), untimed_metrics(pieces));
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
