#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"
#include "run/folder.h"
#include "support.h"
#include "support_files.h"
#include "support_run.h"
#include "synth/synth.h"
#include "train/plan.h"

#include <array>
#include <cerrno>

namespace digitrec {
namespace {

using test::expect_same_run;
using test::FailingFiles;
using test::keep_start;
using test::message_of;
using test::read_text;
using test::small;
using test::stop_after;
using test::TempFolder;
using test::train_one;
using test::untimed_metrics;

/// A quick run with every feature.
TrainConfig whole_recipe(const std::string& model) {
  TrainConfig config;
  config.model = model;
  config.device = "cpu";
  config.epochs = 4;
  config.batch_size = 32;
  config.lr = 0.003;
  config.schedule = ScheduleKind::one_cycle;
  config.average = AverageKind::ema;
  config.augmentation.rotate = 10;
  config.augmentation.shift = 1;
  config.augmentation.outliers = 0.2;
  config.patience = 2;
  config.label_smoothing = 0.05;
  return config;
}

class Resume : public testing::TestWithParam<std::string> {};

TEST_P(Resume, GivesTheWeightsOfARunInOneGo) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  const TrainConfig config = whole_recipe(GetParam());
  train_one(config, data, folder / "whole", {});
  // 9 make an epoch.
  for (const int batches : GetParam() == "mlp" ? std::vector{1, 5, 9} : std::vector{5, 9}) {
    const auto run = folder / ("pieces-" + std::to_string(batches));
    MemberResult result = train_one(config, data, run, stop_after(batches));
    int parts = 1;
    for (; result.reason == StopReason::interrupted; ++parts) {
      at::manual_seed(static_cast<uint64_t>(parts));  // what else the program draws must not matter
      result = train_one(config, data, run, stop_after(batches), Start::resumed);
    }
    EXPECT_GT(parts, 36 / batches - 1);
    expect_same_run(folder / "whole", run);
  }
}

TEST_P(Resume, GoesOnFromWhatWasSavedWithinAnEpoch) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  TrainConfig config = whole_recipe(GetParam());
  train_one(config, data, folder / "whole", {});
  config.checkpoint_every.steps = 4;
  // As if killed: an exception leaves only what was saved before.
  test::Events events;
  events.should_stop = [left = 15]() mutable -> bool {
    if (left-- == 0) throw Error("killed");
    return false;
  };
  EXPECT_EQ(message_of([&] { train_one(config, data, folder / "run", events); }), "killed");
  TrainStart start;
  train_one(config, data, folder / "run", keep_start(start), Start::resumed);
  EXPECT_EQ(start.epochs.size(), 1);
  EXPECT_EQ(start.batches, 3);  // of the 12 steps that were saved, 9 are the first epoch
  expect_same_run(folder / "whole", folder / "run");
}

INSTANTIATE_TEST_SUITE_P(Presets, Resume, testing::Values("mlp", "cnn-bn"), test::preset_test_name);

TEST(Resume, EveryOptimizerScheduleAndAverage) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  int number = 0;
  for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    for (const AverageKind average : {AverageKind::none, AverageKind::swa}) {
      TrainConfig config;
      config.model = "mlp-128";
      config.device = "cpu";
      config.epochs = 4;
      config.optimizer = optimizer;
      config.average = average;
      config.average_start = 1.5;
      config.schedule =
          std::array{ScheduleKind::plateau, ScheduleKind::cosine, ScheduleKind::step}[static_cast<size_t>(number % 3)];
      config.step_epochs = 2;
      config.warmup_epochs = 0.5;
      config.plateau_patience = 0;
      const std::string name = std::to_string(number++);
      train_one(config, data, folder / (name + "-whole"), {});
      MemberResult result = train_one(config, data, folder / name, stop_after(5));
      while (result.reason == StopReason::interrupted) {
        result = train_one(config, data, folder / name, stop_after(5), Start::resumed);
      }
      expect_same_run(folder / (name + "-whole"), folder / name);
    }
  }
}

TEST(Resume, GivesAFinishedRunMoreEpochs) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  TrainConfig config = small();
  train_one(config, data, folder / "run", {});
  config.epochs = 5;
  const MemberResult result = train_one(config, data, folder / "run", {}, Start::resumed);
  EXPECT_EQ(result.epochs, 5);
  EXPECT_EQ(read_run_config(folder / "run").epochs, 5);
  train_one(config, data, folder / "whole", {});
  expect_same_run(folder / "whole", folder / "run");  // the rate is constant, so that they are the same
}

TEST(Resume, LeavesACompleteRunAsItIs) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  train_one(small(), data, folder / "run", {});
  const std::string weights = read_text(folder / "run/last.safetensors");
  const MemberResult result = train_one(small(), data, folder / "run", {}, Start::resumed);
  EXPECT_EQ(result.reason, StopReason::finished);
  EXPECT_EQ(result.epochs, 2);
  EXPECT_TRUE(result.best);
  EXPECT_TRUE(read_text(folder / "run/last.safetensors") == weights);
}

TEST(Resume, GoesOnAfterMaxSecondsAsIfNothingHadBeen) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(2000, 1);
  TrainConfig config = small();
  train_one(config, data, folder / "whole", {});
  config.max_seconds = 1e-3;
  EXPECT_EQ(train_one(config, data, folder / "run", {}).reason, StopReason::max_seconds);
  const std::string metrics = untimed_metrics(folder / "run");
  EXPECT_EQ(train_one(config, data, folder / "run", {}, Start::resumed).reason,
            StopReason::max_seconds);  // nothing to do
  EXPECT_EQ(untimed_metrics(folder / "run"), metrics);
  config.max_seconds = 0;
  train_one(config, data, folder / "run", {}, Start::resumed);
  expect_same_run(folder / "whole", folder / "run");
}

TEST(Resume, BeginsAgainWhatCameToNoCheckpoint) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  train_one(small(), data, folder / "whole", {});
  std::filesystem::create_directory(folder / "run");
  folder.write("run/config.toml", to_toml(small()));
  folder.write("run/.best.safetensors.0123456789abcdef.tmp", "half of it");
  train_one(small(), data, folder / "run", {}, Start::resumed);
  expect_same_run(folder / "whole", folder / "run");
  EXPECT_FALSE(std::filesystem::exists(folder / "run/.best.safetensors.0123456789abcdef.tmp"));
}

TEST(Resume, KeepsTheBestOfEarlierEpochsWhereTheBestIsDamaged) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  TrainConfig config = small();
  train_one(config, data, folder / "run", {});
  ASSERT_EQ(test::load_network(folder / "run/best.previous.safetensors").info.metrics.at("epoch"), 1);
  const std::string whole = read_text(folder / "run/best.safetensors");
  folder.write("run/best.safetensors", "torn");
  TrainStart start;
  train_one(config, data, folder / "run", keep_start(start), Start::resumed);
  EXPECT_EQ(start.damage, "");
  EXPECT_TRUE(read_text(folder / "run/best.safetensors") == whole) << "last.safetensors is the same";

  folder.write("run/best.safetensors", "torn");
  folder.write("run/last.safetensors", "torn");
  const MemberResult result = train_one(config, data, folder / "run", keep_start(start), Start::resumed);
  EXPECT_EQ(start.damage,
            (folder / "run/best.safetensors").string() + " no longer holds epoch 2; epoch 1 takes its place");
  ASSERT_TRUE(result.best);
  EXPECT_EQ(result.best->epoch, 1);
  EXPECT_EQ(test::load_network(folder / "run").info.metrics.at("epoch"), 1);
}

TEST(Resume, GoesOnFromThePreviousStateWhereTheLastIsDamaged) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  TrainConfig config = small();
  config.epochs = 4;
  train_one(config, data, folder / "whole", {});
  train_one(config, data, folder / "run", {});
  std::string bytes = read_text(folder / "run/state.safetensors");
  bytes[bytes.size() / 2] ^= 1;
  folder.write("run/state.safetensors", bytes);
  TrainStart start;
  train_one(config, data, folder / "run", keep_start(start), Start::resumed);
  EXPECT_EQ(start.epochs.size(), 3);
  EXPECT_NE(start.damage.find("state.previous.safetensors is used instead"), std::string::npos) << start.damage;
  expect_same_run(folder / "whole", folder / "run");
}

TEST(Resume, KeepsOthersOutOfTheFolder) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  test::Events events;
  events.on_start = [&](const Member&, const TrainStart&) {
    EXPECT_ERROR(train_one(small(), data, folder / "run", {}, Start::resumed), Error,
                 (folder / "run").string() + ": another program is training there; wait until it is done");
  };
  train_one(small(), data, folder / "run", events);
}

TEST(Resume, MembersGoOnWithinOne) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  for (const int64_t folds : {0, 2}) {
    TrainConfig config = small();
    (folds == 0 ? config.ensemble : config.folds) = 2;
    const std::string name = std::to_string(folds);
    const RunResult whole = test::run(config, data, folder / (name + "-whole"));
    RunResult result;
    int parts = 0;
    do {
      result = test::run(config, data, folder / name, stop_after(2), parts++ == 0 ? Start::fresh : Start::resumed);
    } while (result.reason == StopReason::interrupted);
    EXPECT_GT(parts, 2);
    for (const std::string member : {"/member-01", "/member-02"}) {
      expect_same_run(folder / (name + "-whole" + member), folder / (name + member));
    }
    EXPECT_TRUE(result.held_out.probabilities.equal(whole.held_out.probabilities));
    config.epochs = 3;
    EXPECT_EQ(test::run(config, data, folder / name, {}, Start::resumed).members.size(), 2);
    EXPECT_EQ(test::load_network(folder / (name + "/member-02/last.safetensors")).info.metrics.at("epoch"), 3);
  }
}

TEST(Resume, BeginsAgainWhereARunWasKilledAtItsStart) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "run");
  folder.write("run/.config.toml.0123456789abcdef.tmp", "half of it");
  const Dataset data = draw_synthetic_digits(200, 1);
  EXPECT_NO_THROW(train_one(small(), data, folder / "run", {}));
}

TEST(Resume, GoesOnAfterAFullDisk) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  TrainConfig config = small();
  config.epochs = 6;
  train_one(config, data, folder / "whole", {});
  {
    const FailingFiles failing(100, FailingFiles::How::from_then_on, ENOSPC);
    const std::string message = message_of([&] { train_one(config, data, folder / "run", {}); });
    EXPECT_NE(message.find(": No space left on device; free some space"), std::string::npos) << message;
  }
  EXPECT_NO_THROW(test::load_network(folder / "run"));
  train_one(config, data, folder / "run", {}, Start::resumed);
  expect_same_run(folder / "whole", folder / "run");
}

}  // namespace
}  // namespace digitrec
