#include "data/near_duplicates.h"

#include "support.h"
#include "synth/synth.h"

#include <torch/types.h>

namespace digitrec {
namespace {

TEST(FindNearDuplicates, NamesTheRowWhateverItsPlace) {
  const Dataset a = make_dataset({1, 2, 3, 4, 5, 6, 7, 8}, {}, 2, "a");
  const Dataset b = make_dataset({5, 6, 7, 8, 5, 6, 7, 8, 0, 0, 0, 0}, {}, 2, "b");
  EXPECT_TRUE(find_near_duplicates(a.images, b.images).equal(torch::tensor({1L, 1L, -1L})));
  EXPECT_TRUE(find_near_duplicates(b.images, a.images).lt(0).equal(torch::tensor({true, false})));
}

TEST(FindNearDuplicates, FindsEqualImagesThatOthersResemble) {
  // Blank ones, and ones that differ in contrast alone, have the same sketch.
  const torch::Tensor first = torch::tensor({9, 9, 0, 0, 50, 60, 0, 0, 100, 120, 0, 0}, torch::kUInt8).view({3, 2, 2});
  const torch::Tensor second = torch::tensor({100, 120, 0, 0, 0, 0, 0, 0}, torch::kUInt8).view({2, 2, 2});
  EXPECT_TRUE(find_near_duplicates(first, second).equal(torch::tensor({2L, -1L})));
  EXPECT_TRUE(find_near_duplicates(torch::cat({first, second}), second).equal(torch::tensor({2L, 4L})));
}

TEST(FindNearDuplicates, FindsNothingInOtherSizesOrInNoImages) {
  const torch::Tensor images = torch::ones({3, 2, 2}, torch::kUInt8);
  EXPECT_TRUE(find_near_duplicates(torch::ones({3, 1, 1}, torch::kUInt8), images).equal(torch::full({3}, -1)));
  EXPECT_TRUE(find_near_duplicates(images.slice(0, 0, 0), images).equal(torch::full({3}, -1)));
  EXPECT_EQ(find_near_duplicates(images, images.slice(0, 0, 0)).numel(), 0);
}

TEST(FindNearDuplicates, FindsNoisyAndFadedCopiesAmongOthers) {
  const torch::Tensor images = draw_synthetic_digits(3000, 5).images;
  const torch::Tensor others = draw_synthetic_digits(600, 6).images;
  EXPECT_TRUE(find_near_duplicates(images, others).lt(0).all().item<bool>());

  const torch::Tensor rows = torch::arange(0, 3000, 5);
  const torch::Tensor copies = images.index_select(0, rows).to(torch::kFloat32);
  at::manual_seed(1);
  const auto bytes = [](const torch::Tensor& t) { return t.round().clamp(0, 255).to(torch::kUInt8); };
  // Noise of one and a half grey levels, as in a good JPEG file; then a thirtieth less contrast.
  EXPECT_TRUE(find_near_duplicates(images, bytes(copies + 1.5 * torch::randn_like(copies))).equal(rows));
  EXPECT_TRUE(find_near_duplicates(images, bytes(copies * 0.97)).equal(rows));
  EXPECT_TRUE(find_near_duplicates(images, bytes(copies * 0.5)).equal(rows));
}

/// Images moved by whole pixels; what leaves the image is lost.
torch::Tensor moved(const torch::Tensor& images, int64_t right, int64_t down) {
  const torch::Tensor padded = torch::constant_pad_nd(images, {4, 4, 4, 4});
  return padded.slice(1, 4 - down, 4 - down + images.size(1)).slice(2, 4 - right, 4 - right + images.size(2));
}

TEST(FindNearDuplicates, FindsBrighterDarkerAndMovedCopies) {
  const torch::Tensor images = draw_synthetic_digits(3000, 5).images;
  const torch::Tensor rows = torch::arange(0, 3000, 5);
  const torch::Tensor copies = images.index_select(0, rows).to(torch::kFloat32);
  at::manual_seed(1);
  const auto bytes = [](const torch::Tensor& t) { return t.round().clamp(0, 255).to(torch::kUInt8); };
  const auto found = [&](const torch::Tensor& altered) {
    return find_near_duplicates(images, bytes(altered)).eq(rows).to(torch::kFloat32).mean().item<float>();
  };
  EXPECT_EQ(found(copies * 1.2), 1);  // cut off at 255
  EXPECT_EQ(found(copies * 0.8), 1);
  for (const auto& [right, down] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-2, 1}}) {
    EXPECT_GT(found(moved(copies, right, down)), 0.995) << right << ", " << down;
  }
  EXPECT_GT(found(moved(copies, 1, -1) * 1.2 + 1.5 * torch::randn_like(copies)), 0.99);
  // The other way round: the brightened ones are those that are known.
  EXPECT_TRUE(find_near_duplicates(bytes(images.to(torch::kFloat32) * 1.2), bytes(copies)).equal(rows));
}

TEST(FindNearDuplicates, MovesNoImageOfAFewPixels) {
  const torch::Tensor first = torch::zeros({1, 28, 28}, torch::kUInt8);
  first.slice(1, 10, 13).slice(2, 10, 13).fill_(255);
  EXPECT_EQ(count_near_duplicates(first, moved(first, 1, 0)), 0);
}

}  // namespace
}  // namespace digitrec
