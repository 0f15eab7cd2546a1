#include "data/split.h"

#include "digitrec/core/error.h"
#include "support.h"

#include <set>

namespace digitrec {
namespace {

std::vector<int64_t> labels_of(std::initializer_list<int64_t> counts) {
  std::vector<int64_t> labels;
  int64_t label = 0;
  for (const int64_t count : counts) {
    labels.insert(labels.end(), static_cast<size_t>(count), label);
    ++label;
  }
  return labels;
}

std::set<int64_t> as_set(const torch::Tensor& rows) {
  return {rows.const_data_ptr<int64_t>(), rows.const_data_ptr<int64_t>() + rows.numel()};
}

TEST(TrainSplit, HoldsBackTheSameShareOfEachClass) {
  const Dataset data = test::random_dataset(labels_of({100, 50, 10, 3}), 2);
  const Split split = stratified_split(data, 0.1, 1);
  const torch::Tensor counts = data.labels.index_select(0, split.validation).bincount({}, 4);
  EXPECT_TRUE(counts.equal(torch::tensor({10, 5, 1, 1}, torch::kInt64)));
}

TEST(TrainSplit, PutsEachRowInExactlyOnePart) {
  const Dataset data = test::random_dataset(labels_of({100, 50, 10, 3}), 2);
  const Split split = stratified_split(data, 0.3, 1);
  std::set<int64_t> all = as_set(split.train);
  for (const int64_t row : as_set(split.validation)) EXPECT_TRUE(all.insert(row).second) << row;
  EXPECT_EQ(all.size(), 163U);
  EXPECT_EQ(split.train.numel() + split.validation.numel(), 163);
}

TEST(TrainSplit, RepeatsBySeed) {
  const Dataset data = test::random_dataset(labels_of({100, 100}), 2);
  EXPECT_TRUE(stratified_split(data, 0.1, 7).validation.equal(stratified_split(data, 0.1, 7).validation));
  EXPECT_FALSE(stratified_split(data, 0.1, 7).validation.equal(stratified_split(data, 0.1, 8).validation));
}

TEST(TrainSplit, ChoosesTheSameRowsEverywhere) {
  // If the generator or the shuffle changes, old runs can no longer be repeated: change this number only on purpose.
  const Dataset data = test::random_dataset(labels_of({10, 10}), 2);
  EXPECT_TRUE(stratified_split(data, 0.2, 42).validation.equal(torch::tensor({0, 1, 10, 14}, torch::kInt64)));
}

TEST(TrainSplit, TrainsOnEverythingAtFractionZero) {
  const Dataset data = test::random_dataset(labels_of({5, 1}), 2);
  EXPECT_EQ(stratified_split(data, 0, 1).train.numel(), 6);
  EXPECT_EQ(stratified_split(data, 0, 1).validation.numel(), 0);
}

TEST(TrainSplit, RefusesAClassWithOneExample) {
  const Dataset data = test::random_dataset(labels_of({5, 1}), 2);
  EXPECT_ERROR(
      stratified_split(data, 0.1, 1), Error,
      "random: class 1 has one example; expected at least 2, one to train on and one to validate; add some, or "
      "train on everything with `val_fraction` 0");
}

TEST(Folds, ShareOutEveryRowOnceWithEachClass) {
  const Dataset data = test::random_dataset(labels_of({100, 52, 11, 3}), 2);
  std::set<int64_t> all;
  for (int64_t fold = 0; fold < 5; ++fold) {
    const Split split = stratified_fold(data, 5, fold, 1);
    EXPECT_EQ(split.train.numel() + split.validation.numel(), 166);
    EXPECT_NEAR(static_cast<double>(split.validation.numel()), 166 / 5.0, 1);
    const torch::Tensor counts = data.labels.index_select(0, split.validation).bincount({}, 4);
    EXPECT_EQ(counts[0].item<int64_t>(), 20);
    EXPECT_NEAR(counts[2].item<double>(), 11 / 5.0, 1);
    for (const int64_t row : as_set(split.validation)) {
      EXPECT_TRUE(all.insert(row).second) << row;
      EXPECT_FALSE(as_set(split.train).contains(row)) << row;
    }
  }
  EXPECT_EQ(all.size(), 166U);
  EXPECT_ERROR(stratified_fold(test::random_dataset({0, 0, 1, 1}, 2), 5, 0, 1), Error,
               "random: 4 rows cannot fill 5 folds; add rows or lower `folds`");
}

}  // namespace
}  // namespace digitrec
