#include "data/csv_writer.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"
#include "train/optimizer.h"
#include "train/plan.h"

#include <nlohmann/json.hpp>

#include <fstream>

namespace digitrec {
namespace {

using test::read_text;
using test::TempFolder;
using test::train_one;

TrainConfig quick(const std::string& model = "mlp-128") {
  TrainConfig config;
  config.model = model;
  config.device = "cpu";
  config.epochs = 2;
  return config;
}

torch::Tensor first_weights(const std::filesystem::path& folder) {
  return test::load_network(folder).model->parameters().front().detach();
}

TEST(Train, LearnsAndFillsTheRunFolder) {
  const TempFolder folder;
  const MemberResult result = train_one(quick(), draw_synthetic_digits(2000, 1), folder / "run", {});
  EXPECT_EQ(result.reason, StopReason::finished);
  EXPECT_EQ(result.epochs, 2);
  ASSERT_TRUE(result.best);
  EXPECT_GT(result.best->val_accuracy, 0.7);
  EXPECT_EQ(folder.entries(),
            (std::vector<std::string>{"run", "run/best.previous.safetensors", "run/best.safetensors", "run/config.toml",
                                      "run/last.safetensors", "run/metrics.csv", "run/state.previous.safetensors",
                                      "run/state.safetensors", "run/summary.json"}));
  const std::string metrics = read_text(folder / "run/metrics.csv");
  EXPECT_TRUE(
      metrics.starts_with("epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,images_per_second\n1,"));
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 3);
  const auto summary = nlohmann::json::parse(read_text(folder / "run/summary.json"));
  EXPECT_EQ(summary["stopped"], "finished");
  EXPECT_EQ(summary["best"]["val_accuracy"].get<double>(), result.best->val_accuracy);
}

TEST(Train, RepeatsBitForBitWithTheSameSeed) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(400, 1);
  for (const char* model : {"mlp", "cnn-bn"}) {  // cnn-bn draws dropout masks too
    TrainConfig config = quick(model);
    config.epochs = 1;
    const std::string name = model;
    train_one(config, data, folder / (name + "-a"), {});
    at::manual_seed(12345);  // what the program drew before must not matter
    train_one(config, data, folder / (name + "-b"), {});
    EXPECT_EQ(read_text(folder / (name + "-a/best.safetensors")), read_text(folder / (name + "-b/best.safetensors")))
        << model;
    config.seed = 43;
    train_one(config, data, folder / (name + "-c"), {});
    EXPECT_FALSE(first_weights(folder / (name + "-a")).equal(first_weights(folder / (name + "-c")))) << model;
  }
}

TEST(Train, NeverTrainsOnAValidationRow) {
  // The weights do not depend on the validation images.
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(600, 2);
  const TrainConfig config = quick();
  const auto [training, validation] = training_split(config, data);
  ASSERT_GT(validation.numel(), 50);
  Dataset altered = data;
  altered.images = data.images.clone();
  altered.images.index_fill_(0, validation, 255);  // labels stay: the split depends on them
  train_one(config, data, folder / "a", {});
  train_one(config, altered, folder / "b", {});
  EXPECT_TRUE(test::load_network(folder / "a/last.safetensors")
                  .model->parameters()
                  .front()
                  .equal(test::load_network(folder / "b/last.safetensors").model->parameters().front()));
  // The split above is the one that training used: change a training row, and the weights change.
  altered.images = data.images.clone();
  altered.images.index_fill_(0, training.slice(0, 0, 1), 255);
  train_one(config, altered, folder / "c", {});
  EXPECT_FALSE(test::load_network(folder / "a/last.safetensors")
                   .model->parameters()
                   .front()
                   .equal(test::load_network(folder / "c/last.safetensors").model->parameters().front()));
}

TEST(Train, TrainsOnExtraRowsAndValidatesOnNone) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(600, 2);
  TrainConfig config = quick();
  int64_t validated = 0;
  test::Events events;
  events.on_start = [&](const Member&, const TrainStart& start) {
    EXPECT_EQ(start.train_rows + start.validation_rows, 600 + (config.extra_data.empty() ? 0 : 50));
    EXPECT_TRUE(validated == 0 || start.validation_rows == validated);
    validated = start.validation_rows;
  };
  train_one(config, data, folder / "plain", events);
  config.extra_data = (folder / "extra.csv").string();
  write_image_csv(config.extra_data, draw_synthetic_digits(50, 3));
  train_one(config, data, folder / "more", events);
  EXPECT_FALSE(first_weights(folder / "plain").equal(first_weights(folder / "more")));

  write_image_csv(config.extra_data, test::random_dataset({0, 1}, 5));
  EXPECT_ERROR(
      train_one(config, data, folder / "other", {}), Error,
      config.extra_data + ": images of 5 x 5, " + data.source + " has 28 x 28; extra data must have the same size");
}

TEST(Train, StopsEarlyAndKeepsTheBestEpoch) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.epochs = 30;
  config.patience = 2;
  config.lr = 0.05;  // too high to improve for long
  std::vector<EpochMetrics> seen;
  test::Events events;
  events.on_epoch = [&](const EpochMetrics& metrics) { seen.push_back(metrics); };
  const MemberResult result = train_one(config, draw_synthetic_digits(1000, 3), folder / "run", events);
  EXPECT_EQ(result.reason, StopReason::patience);
  ASSERT_TRUE(result.best);
  EXPECT_EQ(result.epochs, result.best->epoch + 2);
  double highest = 0;
  for (const EpochMetrics& metrics : seen) highest = std::max(highest, metrics.val_accuracy);
  EXPECT_EQ(result.best->val_accuracy, highest);
  EXPECT_EQ(test::load_network(folder / "run").info.metrics.at("epoch"), static_cast<double>(result.best->epoch));
}

TEST(Train, SavesWhatItHasWhenInterrupted) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.epochs = 100;
  int batches = 0;
  test::Events events;
  events.should_stop = [&] { return ++batches == 25; };  // in the second epoch of 15 batches
  const MemberResult result = train_one(config, draw_synthetic_digits(1000, 3), folder / "run", events);
  EXPECT_EQ(result.reason, StopReason::interrupted);
  EXPECT_EQ(result.epochs, 1);
  EXPECT_EQ(test::load_network(folder / "run/last.safetensors").info.metrics.at("epoch"), 2);
  EXPECT_EQ(test::load_network(folder / "run/best.safetensors").info.metrics.at("epoch"), 1);
  EXPECT_EQ(nlohmann::json::parse(read_text(folder / "run/summary.json"))["stopped"], "interrupted");
}

TEST(Train, StopsAfterMaxSecondsWithAValidatedCheckpoint) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.epochs = 100'000;
  config.max_seconds = 0.2;
  const MemberResult result = train_one(config, draw_synthetic_digits(1000, 3), folder / "run", {});
  EXPECT_EQ(result.reason, StopReason::max_seconds);
  EXPECT_LT(result.seconds, 2.0);
  ASSERT_TRUE(result.best);
  EXPECT_GT(result.best->val_accuracy, 0);
}

TEST(Train, TrainsOnEverythingWithoutValidation) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.val_fraction = 0;
  const MemberResult result = train_one(config, draw_synthetic_digits(500, 3), folder / "run", {});
  EXPECT_EQ(result.best->epoch, 2);
  EXPECT_TRUE(std::isnan(result.best->val_accuracy));
  EXPECT_EQ(nlohmann::json::parse(read_text(folder / "run/summary.json"))["best"]["chosen_by"],
            "last epoch (no validation rows)");
}

TEST(Train, EveryOptionOfTheRecipeTrains) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(800, 5);
  for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::adamw, OptimizerKind::sgd}) {
    for (const ScheduleKind schedule : {ScheduleKind::constant, ScheduleKind::step, ScheduleKind::cosine,
                                        ScheduleKind::one_cycle, ScheduleKind::plateau}) {
      TrainConfig config = quick();
      config.optimizer = optimizer;
      config.schedule = schedule;
      config.lr = optimizer == OptimizerKind::sgd ? 0.05 : 0.003;
      config.weight_decay = 0.001;
      config.warmup_epochs = 0.3;
      config.grad_clip = 5;
      config.label_smoothing = 0.05;
      config.class_weights = ClassWeights::balanced;
      config.normalization = NormalizationKind::mnist;
      const auto name = std::to_string(static_cast<int>(optimizer)) + std::to_string(static_cast<int>(schedule));
      EXPECT_GT(train_one(config, data, folder / name, {}).best->val_accuracy, 0.5) << name;
      EXPECT_EQ(test::load_network(folder / name).info.normalization.mean, 0.1307);
    }
  }
}

TEST(Train, TakesOtherSizesAndClasses) {
  const TempFolder folder;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 120; ++i) labels.push_back(i % 12);
  train_one(quick("cnn"), test::random_dataset(labels, 12), folder / "run", {});
  const Checkpoint checkpoint = test::load_network(folder / "run");
  EXPECT_EQ(checkpoint.info.shape.classes, 12);
  EXPECT_EQ(checkpoint.info.shape.image_size, 12);
}

TEST(Train, StopsWhenTheLossIsNotFinite) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.optimizer = OptimizerKind::sgd;
  config.lr = 1000;
  config.epochs = 20;
  try {
    train_one(config, draw_synthetic_digits(500, 3), folder / "run", {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("the loss of batch ")) << message;
    EXPECT_NE(message.find(" is not finite (learning rate 1e+03); lower `lr` or set `grad_clip` to 1"),
              std::string::npos)
        << message;
    EXPECT_EQ(message.find("is kept in") != std::string::npos,
              std::filesystem::exists(folder / "run/best.safetensors"));
  }
}

TEST(Train, FindsTheStepThatMakesANan) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.optimizer = OptimizerKind::sgd;
  config.lr = 1e30;
  config.detect_anomaly = true;
  try {
    train_one(config, draw_synthetic_digits(500, 3), folder / "run", {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("batch ")) << message;
    EXPECT_NE(message.find("returned nan values"), std::string::npos) << message;
  }
}

TEST(Train, RefusesSettingsThatNeedValidationRowsWithoutThem) {
  const TempFolder folder;
  TrainConfig config = quick();
  config.val_fraction = 0;
  config.patience = 3;
  EXPECT_ERROR(train_one(config, draw_synthetic_digits(100, 3), folder / "run", {}), UsageError,
               "`patience` needs validation rows; set `val_fraction` above 0 or `patience` to 0");
  config.patience = 0;
  config.schedule = ScheduleKind::plateau;
  EXPECT_ERROR(train_one(config, draw_synthetic_digits(100, 3), folder / "run", {}), UsageError,
               "`schedule` plateau needs validation rows; set `val_fraction` above 0 or choose another schedule");
  EXPECT_TRUE(folder.entries().empty());
}

TEST(Train, RefusesBatchesOfOneForBatchNormalisation) {
  const TempFolder folder;
  TrainConfig config = quick("cnn-bn");
  config.batch_size = 1;
  EXPECT_ERROR(train_one(config, draw_synthetic_digits(100, 3), folder / "run", {}), UsageError,
               "`batch_size`: model cnn-bn needs batches of 2 or more images for its batch normalisation; there are " +
                   std::to_string(training_split(config, draw_synthetic_digits(100, 3)).train.numel()) +
                   " training rows and the batch size is 1");
  EXPECT_TRUE(folder.entries().empty());
}

TEST(Train, LeavesNoFolderWhenItFailsBeforeTheFirstCheckpoint) {
  const TempFolder folder;
  test::Events events;
  events.on_start = [](const Member&, const TrainStart&) { throw Error("no space"); };
  EXPECT_ERROR(train_one(quick(), draw_synthetic_digits(100, 3), folder / "runs/deep/run", events), Error, "no space");
  EXPECT_TRUE(folder.entries().empty());
}

TEST(Train, FailingBeforeTheFirstCheckpointSparesARunBesideIt) {
  const TempFolder folder;
  test::Events events;
  events.on_start = [&](const Member&, const TrainStart&) {
    std::filesystem::create_directories(folder / "runs/other");
    folder.write("runs/other/best.safetensors", "");
    throw Error("no space");
  };
  EXPECT_ERROR(train_one(quick(), draw_synthetic_digits(100, 3), folder / "runs/run", events), Error, "no space");
  EXPECT_EQ(folder.entries(), (std::vector<std::string>{"runs", "runs/other", "runs/other/best.safetensors"}));
}

TEST(Train, LeavesNothingBehindWhenTheDataDoesNotFit) {
  const TempFolder folder;
  EXPECT_ERROR(train_one(quick("cnn"), test::random_dataset({0, 0, 1, 1}, 5), folder / "run", {}), Error,
               "model cnn takes images of 10 to 256 pixels a side; the data has 5");
  EXPECT_TRUE(folder.entries().empty());
}

TEST(RunFolder, RefusesOneThatHoldsSomething) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "run");
  folder.write("run/notes.txt", "mine");
  EXPECT_ERROR(train_one(quick(), draw_synthetic_digits(100, 3), folder / "run", {}), Error,
               (folder / "run").string() + ": already exists and is not empty; choose another `out` or remove it");
  EXPECT_EQ(folder.entries(), (std::vector<std::string>{"run", "run/notes.txt"}));
  const auto file = folder.write("file", "");
  EXPECT_ERROR(train_one(quick(), draw_synthetic_digits(100, 3), file, {}), Error,
               file.string() + ": is a file; expected a folder to make for the run; choose another `out`");
}

}  // namespace
}  // namespace digitrec
