#include "data/near_duplicates.h"

#include "data/image_difference.h"
#include "data/image_rows.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace digitrec {
namespace {

constexpr double kMaxDifference = 0.05;       // of the fainter image's ink
constexpr double kMaxDifferenceMoved = 0.04;  // there is more that can be made alike by chance
constexpr double kMinInkedPixels = 20;        // fewer are alike by chance: an image of them is not looked for elsewhere
constexpr int64_t kSketchSide = 7;            // a sixteenth of the numbers of 28 x 28 pixels
constexpr int64_t kRowsAtOnce = 512;          // rows of `second` compared with all of `first`: 86 MB for 42,000

ImageView view(const at::Tensor& images, int64_t row) {
  const int64_t size = images.size(1);
  return {images.const_data_ptr<uint8_t>() + row * size * size, size};
}

/// Images in short: where their ink lies, and how it is spread around its centre, at any contrast.
struct Sketches {
  std::vector<InkCentre> centres;
  at::Tensor cells;  ///< float32 [N, kSketchSide^2], each row of length 1
};

/// Adds the image's ink to cells around its centre, each pixel to the up to four cells next to it by its nearness. An
/// image that is moved by whole pixels moves with its centre and keeps its sketch.
void sketch(const ImageView& image, const InkCentre& centre, float* cells) {
  const double width = static_cast<double>(std::max<int64_t>(1, image.size / kSketchSide));
  const auto cell_of = [&](int64_t at, double middle) {
    return (static_cast<double>(at) - middle) / width + (kSketchSide - 1) / 2.0;
  };
  for (int64_t y = 0; y < image.size; ++y) {
    for (int64_t x = 0; x < image.size; ++x) {
      const double ink = image.at(y, x);
      if (ink == 0) continue;
      const double row = cell_of(y, centre.y);
      const double column = cell_of(x, centre.x);
      const auto top = static_cast<int64_t>(std::floor(row));
      const auto left = static_cast<int64_t>(std::floor(column));
      for (int64_t i = std::max<int64_t>(0, top); i <= std::min(kSketchSide - 1, top + 1); ++i) {
        for (int64_t j = std::max<int64_t>(0, left); j <= std::min(kSketchSide - 1, left + 1); ++j) {
          const double share =
              (1 - std::abs(row - static_cast<double>(i))) * (1 - std::abs(column - static_cast<double>(j)));
          cells[i * kSketchSide + j] += static_cast<float>(ink * share);
        }
      }
    }
  }
}

/// `images`: contiguous.
Sketches sketch(const at::Tensor& images) {
  Sketches sketches{std::vector<InkCentre>(static_cast<size_t>(images.size(0))),
                    at::zeros({images.size(0), kSketchSide * kSketchSide})};
  auto* cells = sketches.cells.mutable_data_ptr<float>();
  at::parallel_for(0, images.size(0), 64, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      InkCentre& centre = sketches.centres[static_cast<size_t>(row)];
      centre = ink_centre(view(images, row));
      sketch(view(images, row), centre, cells + row * kSketchSide * kSketchSide);
    }
  });
  sketches.cells /= sketches.cells.square().sum(1, /*keepdim=*/true).sqrt_().clamp_min_(1e-9);
  return sketches;
}

bool are_alike(const ImageView& a, const InkCentre& centre_of_a, const ImageView& b, const InkCentre& centre_of_b) {
  if (difference(a, b) <= kMaxDifference) return true;
  return std::min(centre_of_a.pixels, centre_of_b.pixels) >= kMinInkedPixels &&
         difference_as_moved(a, centre_of_a, b, centre_of_b) <= kMaxDifferenceMoved;
}

}  // namespace

at::Tensor find_near_duplicates(const at::Tensor& first, const at::Tensor& second) {
  at::Tensor found = at::full({second.size(0)}, -1, at::kLong);
  if (first.size(0) == 0 || second.size(0) == 0 || first.size(1) != second.size(1)) return found;
  const at::Tensor known = first.contiguous();
  const at::Tensor searched = second.contiguous();
  const Sketches of_known = sketch(known);
  const Sketches of_searched = sketch(searched);
  auto* row_of = found.mutable_data_ptr<int64_t>();
  for (int64_t begin = 0; begin < searched.size(0); begin += kRowsAtOnce) {
    const at::Tensor cells = of_searched.cells.slice(0, begin, begin + kRowsAtOnce);
    // Only the image with the nearest sketch is compared pixel by pixel.
    const at::Tensor nearest = cells.mm(of_known.cells.t()).argmax(1);
    at::parallel_for(0, cells.size(0), 64, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        const int64_t row = nearest.const_data_ptr<int64_t>()[i];
        if (are_alike(view(known, row), of_known.centres[static_cast<size_t>(row)], view(searched, begin + i),
                      of_searched.centres[static_cast<size_t>(begin + i)]))
          row_of[begin + i] = row;
      }
    });
  }
  // Several images may share a sketch, so the search above may miss an equal image.
  const auto rows = first_rows(known);
  for (int64_t i = 0; i < searched.size(0); ++i) {
    if (const auto equal = rows.find(image_bytes(searched, i)); equal != rows.end()) row_of[i] = equal->second;
  }
  return found;
}

int64_t count_near_duplicates(const at::Tensor& first, const at::Tensor& second) {
  return find_near_duplicates(first, second).ge(0).sum().item<int64_t>();
}

}  // namespace digitrec
