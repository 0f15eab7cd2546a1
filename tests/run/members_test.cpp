
#include "checkpoint/safetensors.h"
#include "core/precision.h"
#include "digitrec/core/error.h"
#include "run/record.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"
#include "train/plan.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <fstream>

namespace digitrec {
namespace {

using test::read_text;
using test::TempFolder;
using test::train_one;

TrainConfig small(int64_t folds, int64_t ensemble) {
  TrainConfig config;
  config.model = "mlp-128";
  config.device = "cpu";
  config.epochs = 1;
  config.folds = folds;
  config.ensemble = ensemble;
  return config;
}

TEST(Members, ScoreEveryRowOfAllFoldsByNetworksThatNeverSawIt) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(400, 1);
  const RunResult result = test::run(small(3, 2), data, folder / "run");
  EXPECT_EQ(result.members.size(), 6);
  EXPECT_TRUE(result.held_out.rows.equal(torch::arange(400)));
  EXPECT_TRUE(torch::allclose(result.held_out.probabilities.sum(1), torch::ones({400})));
  // By hand for the second fold: its two networks are members 2 and 5.
  TrainConfig second = small(3, 2);
  second.member = 2;
  const torch::Tensor rows = training_split(second, data).validation;
  const Dataset held_out{data.images.index_select(0, rows), {}, "fold 2"};
  const PredictorOptions as_trained{torch::kCPU, choose_precision(second.precision, torch::kCPU).precision};
  Predictor by_hand = test::predictor_of({folder / "run/member-02", folder / "run/member-05"}, as_trained);
  const torch::Tensor expected = by_hand.predict(held_out);
  EXPECT_TRUE(torch::allclose(result.held_out.probabilities.index_select(0, rows), expected));
  const auto summary = nlohmann::json::parse(read_text(folder / "run/summary.json"));
  EXPECT_EQ(summary["held_out"]["rows"], 400);
}

TEST(Members, NeverTrainOnARowTheyHoldBack) {
  // A member's weights do not depend on its held-out images; those of the other folds' members do.
  const TempFolder folder;
  for (const auto& [folds, ensemble] : {std::pair<int64_t, int64_t>{3, 0}, {0, 2}}) {
    const Dataset data = draw_synthetic_digits(300, 2);
    TrainConfig config = small(folds, ensemble);
    config.augmentation.rotate = 10;
    config.average = AverageKind::ema;
    TrainConfig second = config;
    second.member = 2;
    Dataset altered = data;
    altered.images = data.images.clone();
    altered.images.index_fill_(0, training_split(second, data).validation, 255);
    const std::string name = std::to_string(folds);
    test::run(config, data, folder / (name + "-a"));
    test::run(config, altered, folder / (name + "-b"));
    const auto weights = [&](const std::string& run, const std::string& member) {
      return test::load_network(folder / (name + run + member + "last.safetensors")).model->parameters().front();
    };
    EXPECT_TRUE(weights("-a", "/member-02/").equal(weights("-b", "/member-02/")));
    EXPECT_EQ(weights("-a", "/member-01/").equal(weights("-b", "/member-01/")), folds == 0);
    EXPECT_FALSE(weights("-a", "/member-01/").equal(weights("-a", "/member-02/")));
  }
}

TEST(Members, ResumeWhereTheyWereStopped) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  test::run(small(3, 0), data, folder / "whole");
  int64_t started = 0;
  int64_t seen = 0;
  test::Events stop_in_second;
  stop_in_second.on_start = [&](const Member& member, const TrainStart&) { started = member.number; };
  stop_in_second.should_stop = [&] { return started == 2 && ++seen > 1; };
  const RunResult stopped = test::run(small(3, 0), data, folder / "run", stop_in_second);
  EXPECT_EQ(stopped.reason, StopReason::interrupted);
  EXPECT_EQ(stopped.members.size(), 2);
  std::vector<int64_t> kept;
  std::vector<int64_t> trained;
  test::Events note;
  note.on_keep = [&](const MemberResult& member) { kept.push_back(member.member.number); };
  note.on_start = [&](const Member& member, const TrainStart&) { trained.push_back(member.number); };
  EXPECT_EQ(test::run(small(3, 0), data, folder / "run", note, Start::resumed).reason, StopReason::finished);
  EXPECT_EQ(kept, std::vector<int64_t>{1});
  EXPECT_EQ(trained, (std::vector<int64_t>{2, 3}));
  for (const char* member :
       {"/member-01/best.safetensors", "/member-02/best.safetensors", "/member-03/best.safetensors"}) {
    EXPECT_EQ(read_text(folder / (std::string("run") + member)), read_text(folder / (std::string("whole") + member)));
  }
}

TEST(Members, AreNotTrainedFurtherOnOtherData) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  int64_t started = 0;
  test::Events stop_in_second;
  stop_in_second.on_start = [&](const Member& member, const TrainStart&) { started = member.number; };
  stop_in_second.should_stop = [&] { return started == 2; };
  test::run(small(3, 0), data, folder / "run", stop_in_second);
  Dataset other = draw_synthetic_digits(200, 2);
  EXPECT_ERROR(test::run(small(3, 0), other, folder / "run", {}, Start::resumed), Error,
               other.source + ": not the rows that " + (folder / "run/member-01").string() +
                   " was trained on; name them with `data`");
  EXPECT_FALSE(std::filesystem::exists(folder / "run/member-03"));
}

TEST(Members, RefuseAFolderThatHoldsARun) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  const auto run = folder / "run";
  test::run(small(2, 0), data, run);
  EXPECT_ERROR(test::run(small(2, 0), data, run), Error,
               run.string() + ": already exists and is not empty; choose another `out` or resume it with `resume` " +
                   run.string());
}

TEST(Members, RefuseNumbersThatMakeNoSense) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(100, 1);
  TrainConfig config = small(1, 0);
  EXPECT_ERROR(train_one(config, data, folder / "run", {}), UsageError,
               "`folds`: 1 leaves no rows to train on; expected 2 or more, or 0 for one split");
  config = small(3, 2);
  config.member = 7;
  EXPECT_ERROR(train_one(config, data, folder / "run", {}), UsageError,
               "`member` 7: there are 6; see `folds` and `ensemble`");
  EXPECT_TRUE(folder.entries().empty());
  EXPECT_ERROR(test::run(small(3, 0), test::random_dataset({0, 1}, 28), folder / "runs/new"), Error,
               "random: 2 rows cannot fill 3 folds; add rows or lower `folds`");
  EXPECT_TRUE(folder.entries().empty());
}

/// Changes a line of a run's config.toml.
void edit_config(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  std::string text = read_text(file);
  const size_t at = text.find("\n" + from + "\n");
  ASSERT_NE(at, std::string::npos) << from;
  std::ofstream(file) << text.replace(at + 1, from.size(), to);
}

TEST(PredictHeldOut, BelievesTheCheckpointAndNotAnEditedConfig) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  const auto run = folder / "run";
  train_one(small(0, 0), data, run, {});
  const HeldOut before = predict_held_out(run, data, {});
  EXPECT_TRUE(before.doubts.empty());
  edit_config(run / "config.toml", "seed = 42", "seed = 7");
  edit_config(run / "config.toml", "val_fraction = 0.1", "val_fraction = 0.5");
  const HeldOut after = predict_held_out(run, data, {});
  EXPECT_TRUE(after.rows.equal(before.rows));
  EXPECT_TRUE(after.probabilities.equal(before.probabilities));
  EXPECT_EQ(after.config.seed, 42);
  EXPECT_EQ(after.doubts,
            std::vector<std::string>{(run / "config.toml").string() + ": says seed = 7, val_fraction = 0.5, but " +
                                     (run / "best.safetensors").string() +
                                     " was trained with seed = 42, val_fraction = 0.1, which counts"});
  EXPECT_EQ(trained_config(run).seed, 42);
}

TEST(PredictHeldOut, ScoresAllFoldsWhateverTheConfigSays) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  const auto run = folder / "run";
  const RunResult trained = test::run(small(3, 0), data, run);
  edit_config(run / "config.toml", "folds = 3", "folds = 2");
  edit_config(run / "member-02/config.toml", "member = 2", "member = 1");
  const HeldOut held_out = predict_held_out(run, data, options_as_trained(small(3, 0)));
  EXPECT_TRUE(held_out.probabilities.equal(trained.held_out.probabilities));
  ASSERT_EQ(held_out.doubts.size(), 2U);
  EXPECT_TRUE(held_out.doubts[0].starts_with((run / "config.toml").string() + ": says folds = 2, but "));
  EXPECT_TRUE(held_out.doubts[1].starts_with((run / "member-02/config.toml").string() + ": says member = 1, but "));
}

TEST(PredictHeldOut, SaysThatAnEarlierCheckpointHoldsNoSettings) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  const auto run = folder / "run";
  train_one(small(0, 0), data, run, {});
  SafeTensors contents = read_safetensors(run / "best.safetensors");
  contents.metadata.erase("settings");
  write_safetensors(run / "best.safetensors", contents);
  EXPECT_EQ(predict_held_out(run, data, {}).doubts,
            std::vector<std::string>{(run / "best.safetensors").string() +
                                     ": an earlier digitrec wrote it, without its settings; " +
                                     (run / "config.toml").string() + " is believed"});
}

TEST(PredictHeldOut, ScoresTheFirstRows) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  test::run(small(3, 0), data, folder / "run");
  const HeldOut all = predict_held_out(folder / "run", data, {});
  const HeldOut some = predict_held_out(folder / "run", data, {}, 50);
  EXPECT_EQ(some.held_back, 300);
  EXPECT_TRUE(some.rows.equal(torch::arange(50)));
  EXPECT_TRUE(torch::allclose(some.probabilities, all.probabilities.slice(0, 0, 50), 1e-4, 1e-6));
  EXPECT_EQ(predict_held_out(folder / "run", data, {}, 1000).rows.numel(), 300);
}

TEST(MissingNetworks, AreNamed) {
  const TempFolder folder;
  const auto run = folder / "run";
  const auto said = [&] { return missing_networks({run, run / "member-01/best.safetensors"}); };
  test::run(small(4, 0), draw_synthetic_digits(300, 1), run);
  EXPECT_TRUE(said().empty());
  // The one before it takes its place, which load_networks says.
  std::filesystem::rename(run / "member-01/best.safetensors", run / "member-01/best.previous.safetensors");
  EXPECT_TRUE(said().empty());
  EXPECT_NE(load_networks({run}).front().damage, "");
  std::filesystem::remove(run / "member-02/best.safetensors");
  std::filesystem::remove_all(run / "member-04");  // as when it was stopped in the third
  const std::vector<std::string> line{run.string() +
                                      ": no best.safetensors of 2 of its 4 networks (member-02, member-04); the others "
                                      "vote"};
  EXPECT_EQ(said(), line);
  edit_config(run / "config.toml", "folds = 4", "folds = 2");
  EXPECT_EQ(said(), line);
  EXPECT_EQ(load_networks({run}).size(), 2U);
}

TEST(PredictHeldOut, RefusesOtherData) {
  const TempFolder folder;
  train_one(small(0, 0), draw_synthetic_digits(200, 1), folder / "run", {});
  Dataset other = draw_synthetic_digits(200, 2);
  EXPECT_ERROR(predict_held_out(folder / "run", other, {}), Error,
               other.source + ": not the data that " + (folder / "run").string() +
                   " was trained on; which rows it held back is unknown");
  // As Python's save_file leaves it.
  const auto best = folder / "run/best.safetensors";
  save_checkpoint(best, *test::load_network(best).model, {.preset = "mlp-128"});
  EXPECT_ERROR(predict_held_out(folder / "run", other, {}), Error,
               best.string() +
                   ": does not say what data it was trained on; which rows it held back is unknown; score "
                   "it on other data: digitrec eval RUN DATA");
}

}  // namespace
}  // namespace digitrec
