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
  std::optional<Leak> leak(const Dataset& evaluation) const {
    return find_leak(test::predictor_of({folder / "run"}), evaluation);
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
  const std::optional<Leak> found = find_leak(test::predictor_of({folder / "more"}), extra);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows, 20);
  EXPECT_EQ(found->data, config.extra_data);
}

TEST_F(FindLeak, KnowsTheSameDataWithoutTheRun) {
  std::filesystem::remove(folder / "run/config.toml");
  EXPECT_TRUE(leak(data));
  EXPECT_FALSE(leak(rows(torch::arange(10))));  // can no longer be known
}

TEST_F(FindLeak, FindsNothingWhereTheDataHasChanged) {
  std::filesystem::remove(config.data);
  EXPECT_FALSE(leak(rows(torch::arange(10))));
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
