// What --resume refuses, and which settings may change.
#include "checkpoint/training_state.h"
#include "digitrec/core/error.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <sys/stat.h>

namespace digitrec {
namespace {

using test::expect_same_run;
using test::keep_start;
using test::message_of;
using test::small;
using test::stop_after;
using test::TempFolder;
using test::train_one;

TEST(ResumeRules, RefusesOtherData) {
  const TempFolder folder;
  train_one(small(), draw_synthetic_digits(200, 1), folder / "run", {});
  Dataset other = draw_synthetic_digits(200, 2);
  other.source = "other.csv";
  EXPECT_ERROR(train_one(small(), other, folder / "run", {}, Start::resumed), Error,
               "other.csv: not the rows that " + (folder / "run").string() + " was trained on; name them with `data`");
}

TEST(ResumeRules, ChangesNothingWhenItFails) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  TrainConfig ensemble = small();
  ensemble.ensemble = 2;
  train_one(small(), data, folder / "run", {});
  test::run(ensemble, data, folder / "ensemble");
  const auto before = folder.contents();
  TrainConfig config = small();
  config.data = "elsewhere.csv";
  const Dataset other = draw_synthetic_digits(200, 2);
  EXPECT_THROW(train_one(config, other, folder / "run", {}, Start::resumed), Error);
  ensemble.epochs = 9;
  EXPECT_THROW(test::run(ensemble, other, folder / "ensemble", {}, Start::resumed), Error);
  config.epochs = 1;
  EXPECT_ERROR(train_one(config, data, folder / "run", {}, Start::resumed), UsageError,
               "`epochs`: " + (folder / "run").string() + " has trained 2 already; expected as many or more");
  config = small();
  config.lr = 1;
  EXPECT_ERROR(train_one(config, data, folder / "run", {}, Start::resumed), Error,
               (folder / "run").string() +
                   ": its config.toml has other settings than the run was trained with; put them back, or begin a "
                   "new run with `config`");
  EXPECT_EQ(folder.contents(), before);
}

TEST(ResumeRules, SaysWhenAllThatWasSavedIsDamaged) {
  const TempFolder folder;
  train_one(small(), draw_synthetic_digits(200, 1), folder / "run", {});
  folder.write("run/state.safetensors", "x");
  folder.write("run/state.previous.safetensors", "y");
  const std::string message =
      message_of([&] { train_one(small(), draw_synthetic_digits(200, 1), folder / "run", {}, Start::resumed); });
  EXPECT_TRUE(message.starts_with((folder / "run").string() + ": what it saved to resume from cannot be used (" +
                                  (folder / "run/state.previous.safetensors").string() + ": not a whole checkpoint"))
      << message;
  EXPECT_TRUE(
      message.ends_with("; train again with `config` " + (folder / "run/config.toml").string() + " and another `out`"))
      << message;
}

/// As if killed after that many batches: an exception leaves only what was saved before.
void kill_after(int batches, const TrainConfig& config, const Dataset& data, const std::filesystem::path& run) {
  test::Events events;
  events.should_stop = [left = batches]() mutable -> bool {
    if (left-- == 0) throw Error("killed");
    return false;
  };
  EXPECT_EQ(message_of([&] { train_one(config, data, run, events); }), "killed");
}

TEST(ResumeRules, RefusesARunWhoseStateIsGoneEvenAfterItsFirstEpoch) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  kill_after(4, small(), data, folder / "run");  // an epoch has 3 batches
  std::filesystem::remove(folder / "run/state.safetensors");
  std::filesystem::remove(folder / "run/state.previous.safetensors");
  const auto before = folder.contents();
  ASSERT_TRUE(before.contains("run/best.safetensors"));
  for (const uint64_t seed : {1, 2}) {  // its own rows, and others
    EXPECT_ERROR(train_one(small(), draw_synthetic_digits(200, seed), folder / "run", {}, Start::resumed), Error,
                 (folder / "run").string() +
                     ": no state.safetensors beside best.safetensors; without it the run cannot be resumed; train "
                     "again with `config` " +
                     (folder / "run/config.toml").string() + " and another `out`");
  }
  EXPECT_EQ(folder.contents(), before);
}

TEST(ResumeRules, RefusesOtherDataBeforeItRepairsADamagedState) {
  const TempFolder folder;
  train_one(small(), draw_synthetic_digits(200, 1), folder / "run", {});
  folder.write("run/state.safetensors", "torn");
  const auto before = folder.contents();
  EXPECT_THROW(train_one(small(), draw_synthetic_digits(200, 2), folder / "run", {}, Start::resumed), Error);
  EXPECT_EQ(folder.contents(), before);
}

TEST(ResumeRules, RefusesOtherDataInTheFirstEpochToo) {
  const TempFolder folder;
  test::Events events;
  events.should_stop = [&folder]() -> bool {
    if (!std::filesystem::exists(folder / "run/state.safetensors")) return false;  // it is being written
    std::filesystem::copy(folder / "run", folder / "killed");
    return true;
  };
  TrainConfig config = small();
  config.epochs = 1000;
  train_one(config, draw_synthetic_digits(200, 1), folder / "run", events);
  ASSERT_FALSE(std::filesystem::exists(folder / "killed/state.previous.safetensors")) << "killed too late";
  EXPECT_THROW(train_one(config, draw_synthetic_digits(200, 2), folder / "killed", {}, Start::resumed), Error);
}

TEST(ResumeRules, RefusesAPipeInPlaceOfOneOfItsFiles) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  train_one(small(), data, folder / "run", {});
  for (const char* file : {"run/state.safetensors", "run/best.safetensors"}) {
    std::filesystem::rename(folder / file, folder / "aside");
    ASSERT_EQ(::mkfifo((folder / file).c_str(), 0600), 0);
    EXPECT_ERROR(train_one(small(), data, folder / "run", {}, Start::resumed), Error,
                 (folder / file).string() + ": is not a file; name a file");
    std::filesystem::rename(folder / "aside", folder / file);
  }
}

/// A run of a rate at which validation soon gets no better.
TrainConfig soon_stopped() {
  TrainConfig config = small();
  config.epochs = 40;
  config.patience = 1;
  config.lr = 0.05;
  return config;
}

TEST(ResumeRules, GivesARunThatStoppedEarlyMorePatience) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  TrainConfig config = soon_stopped();
  const MemberResult first = train_one(config, data, folder / "run", {});
  ASSERT_EQ(first.reason, StopReason::patience);
  EXPECT_TRUE(train_one(config, data, folder / "run", {}, Start::resumed).was_complete);
  for (const int64_t patience : {3, 0}) {
    config.patience = patience;
    config.epochs = 20;
    TrainStart start;
    const MemberResult result = train_one(config, data, folder / "run", keep_start(start), Start::resumed);
    EXPECT_EQ(start.changes, "");
    EXPECT_EQ(read_run_config(folder / "run").patience, patience);
    const std::string whole = "whole-" + std::to_string(patience);
    EXPECT_EQ(train_one(config, data, folder / whole, {}).epochs, result.epochs);
    expect_same_run(folder / whole, folder / "run");
  }
}

TEST(ResumeRules, GivesARunThatStoppedEarlyMoreEpochs) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  TrainConfig config = soon_stopped();
  const MemberResult first = train_one(config, data, folder / "run", {});
  ASSERT_EQ(first.reason, StopReason::patience);
  config.epochs = 200;
  const MemberResult second = train_one(config, data, folder / "run", {}, Start::resumed);
  EXPECT_EQ(second.reason, StopReason::patience);
  EXPECT_GT(second.epochs, first.epochs);
  EXPECT_TRUE(train_one(config, data, folder / "run", {}, Start::resumed).was_complete);
}

TEST(ResumeRules, TakesOtherThreadsAndSaysThatTheWeightsDiffer) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  const int threads = at::get_num_threads();
  TrainConfig config = small();
  config.schedule = ScheduleKind::cosine;
  at::set_num_threads(1);
  config.threads = 1;
  train_one(config, data, folder / "run", {});
  at::set_num_threads(2);
  config.threads = 2;
  config.epochs = 3;
  TrainStart start;
  train_one(config, data, folder / "run", keep_start(start), Start::resumed);
  at::set_num_threads(threads);
  EXPECT_TRUE(start.changes.starts_with("resumed on ")) << start.changes;
  EXPECT_NE(start.changes.find(", 2 threads instead of "), std::string::npos) << start.changes;
  EXPECT_NE(start.changes.find(", 1 thread, with the schedule of 3 epochs instead of 2: the weights are not, bit for "
                               "bit, those of a run in one go"),
            std::string::npos)
      << start.changes;
}

TEST(ResumeRules, GoesOnWithinAnEpochThatAnotherKindOfDeviceBegan) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  TrainConfig config = small();
  config.model = "cnn-bn";  // with dropout
  train_one(config, data, folder / "run", stop_after(4));
  TrainingState state(folder / "run/state.safetensors");
  state.put("epoch.generator", at::zeros({16}, at::kByte));  // as CUDA's
  state.save(folder / "run/state.safetensors");
  TrainStart start;
  EXPECT_EQ(train_one(config, data, folder / "run", keep_start(start), Start::resumed).reason, StopReason::finished);
  EXPECT_EQ(start.batches, 4);
}

}  // namespace
}  // namespace digitrec
