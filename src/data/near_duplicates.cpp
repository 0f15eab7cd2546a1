#include "data/near_duplicates.h"

#include "data/image_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <vector>

namespace digitrec {
namespace {

constexpr double kMaxDifference = 0.05;  // of the fainter image's ink
constexpr int64_t kSketchSide = 7;       // a sixteenth of the numbers of 28 x 28 pixels
constexpr int64_t kRowsAtOnce = 512;     // rows of `second` compared with all of `first`: 86 MB for 42,000

/// Each image as means over blocks of its pixels, about 7 x 7 of them, as a vector of length 1: float32 [N, K].
at::Tensor sketch(const at::Tensor& images) {
  const int64_t block = std::max<int64_t>(1, images.size(1) / kSketchSide);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : images.split(kRowsAtOnce)) {
    const at::Tensor x = part.unsqueeze(1).to(at::kFloat);
    parts.push_back(at::avg_pool2d(x, {block, block}, {block, block}, {0, 0}, /*ceil_mode=*/true).flatten(1));
  }
  const at::Tensor sketches = at::cat(parts);
  return sketches / sketches.square().sum(1, /*keepdim=*/true).sqrt_().clamp_min_(1e-9);
}

/// Sum of squares, float32 [N].
at::Tensor ink(const at::Tensor& images) { return images.flatten(1).to(at::kFloat).square().sum(1); }

}  // namespace

at::Tensor find_near_duplicates(const at::Tensor& first, const at::Tensor& second) {
  at::Tensor found = at::full({second.size(0)}, -1, at::kLong);
  if (first.size(0) == 0 || second.size(0) == 0 || first.size(1) != second.size(1)) return found;
  const at::Tensor sketches = sketch(first);
  for (int64_t begin = 0; begin < second.size(0); begin += kRowsAtOnce) {
    const int64_t end = std::min(begin + kRowsAtOnce, second.size(0));
    const at::Tensor images = second.slice(0, begin, end);
    // Only the image with the nearest sketch, at any contrast, is compared pixel by pixel.
    const at::Tensor nearest = sketch(images).mm(sketches.t()).argmax(1);
    const at::Tensor match = first.index_select(0, nearest);
    const at::Tensor difference = ink(images.to(at::kFloat) - match);
    const at::Tensor max_difference = at::minimum(ink(images), ink(match)) * (kMaxDifference * kMaxDifference);
    found.slice(0, begin, end).copy_(at::where(difference <= max_difference, nearest, -1));
  }
  // Several images may share a sketch, so the search above may miss an equal image.
  const at::Tensor whole = first.contiguous();
  const at::Tensor searched = second.contiguous();
  const auto rows = first_rows(whole);
  auto* row_of = found.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < searched.size(0); ++i) {
    if (const auto equal = rows.find(image_bytes(searched, i)); equal != rows.end()) row_of[i] = equal->second;
  }
  return found;
}

int64_t count_near_duplicates(const at::Tensor& first, const at::Tensor& second) {
  return find_near_duplicates(first, second).ge(0).sum().item<int64_t>();
}

}  // namespace digitrec
