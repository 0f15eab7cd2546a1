#include "train/schedule.h"

#include "support.h"

namespace digitrec {
namespace {

TrainConfig with(ScheduleKind kind, int64_t epochs = 10) {
  TrainConfig config;
  config.schedule = kind;
  config.lr = 0.1;
  config.epochs = epochs;
  return config;
}

TEST(Schedule, ConstantStays) {
  const Schedule schedule(with(ScheduleKind::constant), 5);
  EXPECT_EQ(schedule.rate(0), 0.1);
  EXPECT_EQ(schedule.rate(49), 0.1);
}

TEST(Schedule, StepFallsEveryFewEpochs) {
  TrainConfig config = with(ScheduleKind::step);
  config.step_epochs = 4;
  config.gamma = 0.5;
  const Schedule schedule(config, 5);
  EXPECT_DOUBLE_EQ(schedule.rate(19), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(20), 0.05);
  EXPECT_DOUBLE_EQ(schedule.rate(40), 0.025);
}

TEST(Schedule, CosineFallsToItsFloor) {
  TrainConfig config = with(ScheduleKind::cosine);
  config.min_lr = 0.02;
  const Schedule schedule(config, 5);
  EXPECT_DOUBLE_EQ(schedule.rate(0), 0.1);
  EXPECT_NEAR(schedule.rate(25), 0.06, 1e-12);
  EXPECT_NEAR(schedule.rate(49), 0.02, 1e-3);
}

TEST(Schedule, OneCycleRisesAndFallsAsPyTorchs) {
  // Printed by torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=100).
  const Schedule schedule(with(ScheduleKind::one_cycle), 10);
  EXPECT_NEAR(schedule.rate(0), 0.004, 1e-12);
  EXPECT_NEAR(schedule.rate(10), 0.0295163948464, 1e-12);
  EXPECT_NEAR(schedule.rate(29), 0.1, 1e-12);
  EXPECT_NEAR(schedule.rate(30), 0.0999496535285, 1e-12);
  EXPECT_NEAR(schedule.rate(64), 0.0500002, 1e-12);
  EXPECT_NEAR(schedule.rate(99), 4e-07, 1e-12);
}

TEST(Schedule, WarmUpRisesLinearlyFirst) {
  TrainConfig config = with(ScheduleKind::cosine);
  config.warmup_epochs = 2;
  const Schedule schedule(config, 5);
  EXPECT_DOUBLE_EQ(schedule.rate(0), 0.01);
  EXPECT_DOUBLE_EQ(schedule.rate(4), 0.05);
  EXPECT_DOUBLE_EQ(schedule.rate(9), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(10), 0.1);
  EXPECT_LT(schedule.rate(11), 0.1);
}

TEST(Schedule, PlateauFallsAfterEpochsWithoutALowerLoss) {
  TrainConfig config = with(ScheduleKind::plateau);
  config.plateau_patience = 1;
  config.min_lr = 0.005;
  Schedule schedule(config, 5);
  const auto observe = [&](double loss) {
    schedule.observe_epoch(loss);
    return schedule.rate(0);
  };
  EXPECT_DOUBLE_EQ(observe(1.0), 0.1);
  EXPECT_DOUBLE_EQ(observe(0.9), 0.1);
  EXPECT_DOUBLE_EQ(observe(0.95), 0.1);
  EXPECT_DOUBLE_EQ(observe(0.95), 0.01);  // the second in a row without a fall
  EXPECT_DOUBLE_EQ(observe(0.8), 0.01);
  EXPECT_DOUBLE_EQ(observe(0.8), 0.01);
  EXPECT_DOUBLE_EQ(observe(0.8), 0.005);  // no lower than min_lr
}

}  // namespace
}  // namespace digitrec
