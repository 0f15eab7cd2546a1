#include "run/leak.h"

#include "data/csv_writer.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"
#include "train/plan.h"
#include "train/training_rows.h"

#include <torch/types.h>

namespace digitrec {
namespace {

using test::TempFolder;
using test::train_one;

/// A run on data that is on disk, where find_leak can find it again.
struct FindLeak : testing::Test {
  FindLeak() {
    config.model = "mlp-128";
    config.device = "cpu";
    config.epochs = 1;
    config.data = (folder / "train.csv").string();
    write_image_csv(config.data, data);
    train_one(config, data, folder / "run", {});
  }

  Dataset rows(const torch::Tensor& rows) const {
    return {data.images.index_select(0, rows), data.labels.index_select(0, rows), "rows"};
  }
  LeakCheck check(const Dataset& evaluation, const std::string& checkpoint = "run") const {
    return find_leak(test::predictor_of({folder / checkpoint}), evaluation);
  }
  /// What was found when nothing kept it from looking.
  std::optional<Leak> leak(const Dataset& evaluation) const {
    const LeakCheck result = check(evaluation);
    EXPECT_TRUE(result.unchecked.empty()) << result.unchecked.front();
    return result.leak;
  }
  /// "rows: whether FOLDER/run/best.safetensors was trained on some of these rows could not be checked: WHY"
  std::string unchecked(const std::string& why) const {
    return "rows: whether " + (folder / "run/best.safetensors").string() +
           " was trained on some of these rows could not be checked: " + why;
  }

  TempFolder folder;
  Dataset data = draw_synthetic_digits(300, 3);
  TrainConfig config;
};

TEST_F(FindLeak, CountsTrainingRowsAmongOthers) {
  const Split split = training_split(config, data);
  const Dataset seen = rows(split.train.slice(0, 0, 7));
  const Dataset unseen = rows(split.validation);
  EXPECT_FALSE(leak(unseen));
  const Dataset mixed{torch::cat({unseen.images, seen.images}), torch::cat({unseen.labels, seen.labels}), "mixed"};
  const std::optional<Leak> found = leak(mixed);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows, 7);
  EXPECT_EQ(found->checkpoint, (folder / "run/best.safetensors").string());
  EXPECT_EQ(found->data, config.data);
}

TEST_F(FindLeak, CountsExtraRows) {
  const Dataset extra = draw_synthetic_digits(20, 9);
  config.extra_data = (folder / "extra.csv").string();
  write_image_csv(config.extra_data, extra);
  train_one(config, data, folder / "more", {});
  const std::optional<Leak> found = check(extra, "more").leak;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows, 20);
  EXPECT_EQ(found->data, config.extra_data);
}

TEST_F(FindLeak, KnowsTheSameDataWithoutTheRun) {
  std::filesystem::remove(folder / "run/config.toml");
  EXPECT_TRUE(leak(data));
}

TEST_F(FindLeak, CountsTheTrainingRowsOfTheSameDataElsewhere) {
  std::filesystem::remove(config.data);
  const std::optional<Leak> found = leak(data);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows, training_split(config, data).train.numel());
}

TEST_F(FindLeak, SaysWhatCouldNotBeChecked) {
  using Lines = std::vector<std::string>;
  const Dataset some = rows(torch::arange(10));
  write_image_csv(config.data, draw_synthetic_digits(300, 4));
  EXPECT_EQ(check(some).unchecked, (Lines{unchecked(config.data + " is not what it was trained on")}));
  std::filesystem::remove(config.data);
  EXPECT_EQ(check(some).unchecked, (Lines{unchecked(config.data + ": no such file; check the path")}));
  folder.write("run/config.toml", "seed = \"x");
  EXPECT_TRUE(check(some).unchecked.front().starts_with(unchecked((folder / "run/config.toml").string() + ":1: ")))
      << check(some).unchecked.front();
  std::filesystem::remove(folder / "run/config.toml");
  EXPECT_EQ(check(some).unchecked, (Lines{unchecked("no config.toml lies beside it")}));
  EXPECT_FALSE(check(some).leak);
}

TEST_F(FindLeak, BelievesTheCheckpointAndNotAnEditedConfig) {
  const Split split = training_split(config, data);
  TrainConfig edited = config;
  edited.seed = 7;
  folder.write("run/config.toml", to_toml(edited));
  EXPECT_FALSE(leak(rows(split.validation)));
  EXPECT_EQ(leak(rows(split.train))->rows, split.train.numel());
}

TEST(CountLeakedRows, CountsValidationImagesThatAreTrainedOnToo) {
  Dataset data = draw_synthetic_digits(100, 4);
  const Split split = stratified_split(data, 0.2, 1);
  EXPECT_EQ(count_leaked_rows(data, split), 0);
  for (int64_t i = 0; i < 3; ++i)
    data.images[split.validation[i].item<int64_t>()].copy_(data.images[split.train[0].item<int64_t>()]);
  EXPECT_EQ(count_leaked_rows(data, split), 3);
}

}  // namespace
}  // namespace digitrec
