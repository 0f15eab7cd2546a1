#include "digitrec/data/near_duplicates.h"

#include "data/image_rows.h"

#include <algorithm>
#include <vector>

namespace digitrec {
namespace {

constexpr double kMostDifference = 0.05;  // of the fainter image's ink
constexpr int64_t kSketchSide = 7;        // a sixteenth of the numbers of 28 x 28 pixels
constexpr int64_t kRowsAtOnce = 512;      // rows of `second` compared with all of `first`: 86 MB for 42,000

/// Each image as means over blocks of its pixels, about 7 x 7 of them, as a vector of length 1: float32 [N, K].
torch::Tensor sketch(const torch::Tensor& images) {
  const int64_t block = std::max<int64_t>(1, images.size(1) / kSketchSide);
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : images.split(kRowsAtOnce)) {
    const torch::Tensor x = part.unsqueeze(1).to(torch::kFloat32);
    parts.push_back(torch::avg_pool2d(x, {block, block}, {block, block}, {0, 0}, /*ceil_mode=*/true).flatten(1));
  }
  const torch::Tensor sketches = torch::cat(parts);
  return sketches / sketches.square().sum(1, /*keepdim=*/true).sqrt_().clamp_min_(1e-9);
}

/// Sum of squares, float32 [N].
torch::Tensor ink(const torch::Tensor& images) { return images.flatten(1).to(torch::kFloat32).square().sum(1); }

}  // namespace

torch::Tensor find_near_duplicates(const torch::Tensor& first, const torch::Tensor& second) {
  torch::Tensor found = torch::full({second.size(0)}, -1, torch::kInt64);
  if (first.size(0) == 0 || second.size(0) == 0 || first.size(1) != second.size(1)) return found;
  const torch::Tensor sketches = sketch(first);
  for (int64_t begin = 0; begin < second.size(0); begin += kRowsAtOnce) {
    const int64_t end = std::min(begin + kRowsAtOnce, second.size(0));
    const torch::Tensor images = second.slice(0, begin, end);
    // Of all images the one whose sketch points the same way, whatever the contrast, is looked at whole.
    const torch::Tensor nearest = sketch(images).mm(sketches.t()).argmax(1);
    const torch::Tensor match = first.index_select(0, nearest);
    const torch::Tensor difference = ink(images.to(torch::kFloat32) - match);
    const torch::Tensor most = torch::minimum(ink(images), ink(match)) * (kMostDifference * kMostDifference);
    found.slice(0, begin, end).copy_(torch::where(difference <= most, nearest, -1));
  }
  // Equal ones for certain: several images may have one sketch.
  const torch::Tensor whole = first.contiguous();
  const torch::Tensor searched = second.contiguous();
  const auto rows = first_rows(whole);
  auto* row_of = found.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < searched.size(0); ++i) {
    if (const auto equal = rows.find(image_bytes(searched, i)); equal != rows.end()) row_of[i] = equal->second;
  }
  return found;
}

int64_t count_near_duplicates(const torch::Tensor& first, const torch::Tensor& second) {
  return find_near_duplicates(first, second).ge(0).sum().item<int64_t>();
}

}  // namespace digitrec
