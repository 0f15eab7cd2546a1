#include "digitrec/train/members.h"

#include "digitrec/core/error.h"
#include "digitrec/core/precision.h"
#include "digitrec/data/synth.h"
#include "support.h"

#include <nlohmann/json.hpp>

namespace digitrec {
namespace {

using test::read_text;
using test::TempFolder;

TrainConfig small(int64_t folds, int64_t ensemble) {
  TrainConfig config;
  config.model = "mlp-128";
  config.device = "cpu";
  config.epochs = 1;
  config.folds = folds;
  config.ensemble = ensemble;
  return config;
}

TrainEvents no_events(const Member&) { return {}; }

TEST(Members, ScoreEveryRowOfAllFoldsByNetworksThatNeverSawIt) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(400, 1);
  const MembersResult result = train_members(small(3, 2), data, folder / "run", no_events);
  EXPECT_EQ(result.trained, 6);
  EXPECT_TRUE(result.held_out.rows.equal(torch::arange(400)));
  EXPECT_TRUE(torch::allclose(result.held_out.probabilities.sum(1), torch::ones({400})));
  // By hand for the second fold: its two networks are members 2 and 5.
  TrainConfig second = small(3, 2);
  second.member = 2;
  const torch::Tensor rows = training_split(second, data).validation;
  const Dataset held_out{data.images.index_select(0, rows), {}, "fold 2"};
  const PredictorOptions as_trained{torch::kCPU, choose_precision(second.precision, torch::kCPU).precision};
  Predictor by_hand({folder / "run/member-02", folder / "run/member-05"}, as_trained);
  const torch::Tensor expected = by_hand.predict(held_out);
  EXPECT_TRUE(torch::allclose(result.held_out.probabilities.index_select(0, rows), expected));
  const auto summary = nlohmann::json::parse(read_text(folder / "run/summary.json"));
  EXPECT_EQ(summary["held_out"]["rows"], 400);
}

TEST(Members, NeverTrainOnARowTheyHoldBack) {
  // Whatever a member's held-out images show, its weights are the same; the other folds' members see the change.
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
    train_members(config, data, folder / (name + "-a"), no_events);
    train_members(config, altered, folder / (name + "-b"), no_events);
    const auto weights = [&](const std::string& run, const std::string& member) {
      return load_checkpoint(folder / (name + run + member + "last.safetensors")).model->parameters().front();
    };
    EXPECT_TRUE(weights("-a", "/member-02/").equal(weights("-b", "/member-02/")));
    EXPECT_EQ(weights("-a", "/member-01/").equal(weights("-b", "/member-01/")), folds == 0);
    EXPECT_FALSE(weights("-a", "/member-01/").equal(weights("-a", "/member-02/")));
  }
}

TEST(Members, GoOnWhereTheyWereStopped) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(300, 1);
  train_members(small(3, 0), data, folder / "whole", no_events);
  int64_t seen = 0;
  const auto stop_in_second = [&](const Member& member) {
    TrainEvents events;
    events.should_stop = [&seen, number = member.number] { return number == 2 && ++seen > 1; };
    return events;
  };
  const MembersResult stopped = train_members(small(3, 0), data, folder / "run", stop_in_second);
  EXPECT_EQ(stopped.reason, StopReason::interrupted);
  EXPECT_EQ(stopped.trained, 1);
  std::vector<bool> kept;
  const auto note = [&](const Member& member) {
    kept.push_back(member.is_trained);
    return TrainEvents{};
  };
  EXPECT_EQ(train_members(small(3, 0), data, folder / "run", note).reason, StopReason::finished);
  EXPECT_EQ(kept, (std::vector<bool>{true, false, false}));
  for (const char* member :
       {"/member-01/best.safetensors", "/member-02/best.safetensors", "/member-03/best.safetensors"}) {
    EXPECT_EQ(read_text(folder / (std::string("run") + member)), read_text(folder / (std::string("whole") + member)));
  }
}

TEST(Members, RefuseAFolderOfOtherSettings) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(200, 1);
  const auto run = folder / "run";
  train_members(small(2, 0), data, run, no_events);
  EXPECT_ERROR(train_members(small(3, 0), data, run, no_events), Error,
               run.string() + ": holds a run with other settings; choose another --out or remove it");
}

TEST(Members, RefuseNumbersThatMakeNoSense) {
  const TempFolder folder;
  const Dataset data = draw_synthetic_digits(100, 1);
  TrainConfig config = small(1, 0);
  EXPECT_ERROR(train(config, data, folder / "run", {}), UsageError,
               "--folds: 1 leaves no rows to train on; expected 2 or more, or 0 for one split");
  config = small(3, 2);
  config.member = 7;
  EXPECT_ERROR(train(config, data, folder / "run", {}), UsageError,
               "--member 7: there are 6; see --folds and --ensemble");
  EXPECT_TRUE(folder.entries().empty());
  EXPECT_ERROR(train_members(small(3, 0), test::random_dataset({0, 1}, 28), folder / "runs/new", no_events), Error,
               "random: 2 rows cannot fill 3 folds; add rows or lower --folds");
  EXPECT_TRUE(folder.entries().empty());
}

TEST(PredictHeldOut, RefusesOtherData) {
  const TempFolder folder;
  train(small(0, 0), draw_synthetic_digits(200, 1), folder / "run", {});
  Dataset other = draw_synthetic_digits(200, 2);
  EXPECT_ERROR(predict_held_out(folder / "run", other, {}), Error,
               other.source + ": not the data that " + (folder / "run").string() +
                   " was trained on; its own rows cannot be told from others");
}

}  // namespace
}  // namespace digitrec
