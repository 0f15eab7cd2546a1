#include "image/framing.h"

#include "digitrec/core/error.h"
#include "image/components.h"
#include "image/ink.h"
#include "image/lines.h"
#include "image/pieces.h"
#include "image/rings.h"
#include "image/stroke_width.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <variant>

namespace digitrec {
namespace {

constexpr float kInk = 0.35F;
/// More components than this are noise, but on a page of writing: there most are as tall as this share of the tallest,
/// which has at least this many pixels.
constexpr size_t kMaxComponents = 40;
constexpr double kTall = 0.4;
constexpr int64_t kWriting = 12;
/// The dots of dotted paper are this share of the tallest.
constexpr double kDot = 0.1;
/// Ink of a picture that is framed already, of 255.
constexpr uint8_t kFramedInk = 64;
/// Shorter sides than this, in pixels, hold no digit.
constexpr int64_t kMinSide = 6;
/// Wider strokes, in parts of their box's longer side, are a dot. Kaggle's digits reach 0.55.
constexpr double kMaxWidth = 0.75;
/// Longer strokes, in longer sides of their box, are scribble or noise. Kaggle's digits reach 3.4.
constexpr double kMaxLength = 8;

/// A piece is two digits that touch only if it is this wide, in parts of its height.
constexpr double kTwo = 1.15;

/// Strokes are measured, and thickened or thinned, at this many times the size of MNIST's box.
constexpr int64_t kFine = 4;
/// Stroke widths, of 20 pixels, between which nine in ten of Kaggle's digits lie; others are brought there.
constexpr double kThin = 2.2;
constexpr double kThick = 4.2;

/// The piece's ink alone, with the faint pixels around it.
Drawing cut_out(const Drawing& ink, const Components& found, const Piece& piece) {
  constexpr int64_t kAround = 2;
  const Box& box = piece.box;
  const Box wide{std::max<int64_t>(0, box.left - kAround), std::max<int64_t>(0, box.top - kAround),
                 std::min(ink.width, box.right + kAround), std::min(ink.height, box.bottom + kAround)};
  Drawing digit(wide.width(), wide.height());
  for (int64_t y = wide.top; y < wide.bottom; ++y) {
    for (int64_t x = wide.left; x < wide.right; ++x) {
      const int32_t label = found.labels[static_cast<size_t>(y * ink.width + x)];
      const bool foreign =
          label >= 0 && std::find(piece.components.begin(), piece.components.end(), label) == piece.components.end();
      if (!foreign) digit.at(x - wide.left, y - wide.top) = ink.at(x, y);
    }
  }
  return digit;
}

/// Why a drawing is not a digit; empty when it may be one.
std::string refusal(const Box& box, const Drawing& fine, const Strokes& strokes) {
  if (box.longer_side() < kMinSide) return "the drawing is too small; draw it larger";
  const auto side = static_cast<double>(fine.whole().longer_side());
  if (strokes.widest > kMaxWidth * side) return "a dot; expected a picture of a digit";
  double area = 0;
  for (const float value : fine.ink) area += value;
  if (area / std::max(1.0, strokes.width) > kMaxLength * side) return kNoise;
  return "";
}

/// Whether a picture is framed as MNIST's are: on black, its ink fits the box and has its centre of mass in the middle.
/// Of MNIST's test images 99.99% do, of digits that people draw on 28 x 28 hardly any.
bool is_framed(const GrayImage& image, int64_t image_size) {
  if (image.width != image_size || image.height != image_size) return false;
  const double unit = static_cast<double>(image_size) / 28;
  Box box{image_size, image_size, 0, 0};
  double mass = 0;
  double mass_x = 0;
  double mass_y = 0;
  for (int64_t y = 0; y < image_size; ++y) {
    for (int64_t x = 0; x < image_size; ++x) {
      const uint8_t level = image.pixels[static_cast<size_t>(y * image_size + x)];
      const bool is_border = x == 0 || y == 0 || x == image_size - 1 || y == image_size - 1;
      if (is_border && level > 0) return false;
      if (level >= kFramedInk) box = around(box, {x, y, x + 1, y + 1});
      mass += level;
      mass_x += level * (static_cast<double>(x) + 0.5);
      mass_y += level * (static_cast<double>(y) + 0.5);
    }
  }
  const double middle = static_cast<double>(image_size) / 2;
  const auto side = static_cast<double>(box.longer_side());
  return mass > 0 && side >= 17 * unit && side <= 20 * unit && std::abs(mass_x / mass - middle) <= unit &&
         std::abs(mass_y / mass - middle) <= unit;
}

/// Takes the dots of dotted paper: many, and each much smaller than a digit.
void erase_dots(Drawing& ink, Components& pieces) {
  const int64_t tallest = tallest_of(pieces);
  std::vector<bool> is_dot;
  for (const Component& piece : pieces.list) {
    is_dot.push_back(static_cast<double>(piece.box.longer_side()) <= kDot * static_cast<double>(tallest));
  }
  const auto dots = static_cast<size_t>(std::count(is_dot.begin(), is_dot.end(), true));
  if (dots > kMaxComponents && tallest >= kWriting) erase_components(ink, pieces, is_dot);
}

bool is_noise(const Components& pieces) {
  const std::vector<int32_t> large = large_components(pieces);
  if (large.size() <= kMaxComponents) return false;
  const auto height = [&](int32_t piece) { return pieces.list[static_cast<size_t>(piece)].box.height(); };
  const int64_t tallest = tallest_of(pieces);
  const auto tall = std::count_if(large.begin(), large.end(), [&](int32_t piece) {
    return static_cast<double>(height(piece)) >= kTall * static_cast<double>(tallest);
  });
  return tallest < kWriting || 2 * tall < static_cast<int64_t>(large.size());
}

/// A drawing framed as MNIST's digits are, or why it is none.
std::variant<std::vector<uint8_t>, std::string> frame_ink(Drawing digit, int64_t image_size) {
  Box box = ink_box(digit, kInk);
  const int64_t side = box_size(image_size);
  Drawing fine = scale_to_side(digit, box, kFine * side);
  // Lines thinner than one of these pixels are faint now.
  const float strongest = *std::max_element(fine.ink.begin(), fine.ink.end());
  for (float& value : fine.ink) value /= strongest;
  const Strokes strokes = measure_strokes(fine);
  if (std::string why = refusal(box, fine, strokes); !why.empty()) return why;
  const double unit = static_cast<double>(kFine * side) / 20;
  const double wanted = std::clamp(strokes.width, kThin * unit, kThick * unit);
  if (wanted != strokes.width) {
    digit = thicken(fine, wanted - strokes.width);
    box = ink_box(digit, kInk);
  }
  return center_by_mass(scale_to_side(digit, box, side), image_size);
}

/// Where a cut is in a row: at `column` in the middle one, `slope` pixels further to the right a row.
int64_t column_of_cut(const Drawing& drawing, int64_t column, double slope, int64_t row) {
  const int64_t middle = drawing.height / 2;
  return column + std::llround(slope * static_cast<double>(row - middle));
}

/// How many pixels of ink the cuts of one slope meet, one from each column from `first` to before `end`.
std::vector<int64_t> ink_along_cuts(const Drawing& drawing, int64_t first, int64_t end, double slope) {
  std::vector<int64_t> counts(static_cast<size_t>(end - first), 0);
  for (int64_t y = 0; y < drawing.height; ++y) {
    const int64_t shift = column_of_cut(drawing, 0, slope, y);
    const int64_t from = std::max(first, -shift);
    const int64_t to = std::min(end, drawing.width - shift);
    for (int64_t x = from; x < to; ++x) counts[static_cast<size_t>(x - first)] += drawing.at(x + shift, y) >= kInk;
  }
  return counts;
}

/// The two sides of a drawing, cut near its middle where the least ink is.
std::array<Drawing, 2> cut_in_two(const Drawing& drawing) {
  int64_t best_column = drawing.width / 2;
  double best_slope = 0;
  double least = std::numeric_limits<double>::infinity();
  const int64_t first = drawing.width * 3 / 10;
  const int64_t end = drawing.width * 7 / 10 + 1;
  for (const double slope : {0.0, -0.15, 0.15, -0.3, 0.3}) {
    const std::vector<int64_t> counts = ink_along_cuts(drawing, first, end, slope);
    for (int64_t column = first; column < end; ++column) {
      const double off = std::abs(static_cast<double>(column) / static_cast<double>(drawing.width) - 0.5);
      const double ink =
          static_cast<double>(counts[static_cast<size_t>(column - first)]) + off;  // of equals the middle one
      if (ink >= least) continue;
      least = ink;
      best_column = column;
      best_slope = slope;
    }
  }
  std::array<Drawing, 2> sides{drawing, drawing};
  for (int64_t y = 0; y < drawing.height; ++y) {
    const int64_t cut = column_of_cut(drawing, best_column, best_slope, y);
    for (int64_t x = 0; x < drawing.width; ++x) sides[x < cut ? 1 : 0].at(x, y) = 0;
  }
  return sides;
}

/// What a piece shows if it is two digits that touch; empty where it is too narrow, or a side is no digit.
std::vector<FramedDigit> frame_halves(const Drawing& digit, int64_t image_size, const FramedDigit& whole) {
  const Box box = ink_box(digit, kInk);
  if (static_cast<double>(box.width()) < kTwo * static_cast<double>(box.height()) || box.height() < kWriting) return {};
  std::vector<FramedDigit> halves;
  for (Drawing& side : cut_in_two(digit)) {
    const Box own = ink_box(side, kInk);
    if (own.longer_side() < kMinSide) return {};
    auto framed = frame_ink(std::move(side), image_size);
    if (std::holds_alternative<std::string>(framed)) return {};
    const auto place = [&](int64_t column) {  // in the picture
      return whole.left +
             (whole.right - whole.left) * static_cast<double>(column - box.left) / static_cast<double>(box.width());
    };
    halves.push_back(
        {std::move(std::get<0>(framed)), place(own.left), whole.top, place(own.right), whole.bottom, whole.place});
  }
  return halves;
}

/// `group`: gathers the components of a picture. `are_digits`: of which two may touch, and which somebody may have
/// circled.
std::vector<FramedDigit> frame(const GrayImage& image, int64_t image_size,
                               std::vector<Piece> (*group)(const Components&), bool are_digits) {
  if (is_framed(image, image_size)) return {{image.pixels}};
  Drawing ink = find_ink(image);
  erase_lines(ink, kInk);
  Components pieces = find_components(ink, kInk);
  if (are_digits) erase_rings(ink, pieces);
  erase_edge_pieces(ink, pieces);
  erase_dots(ink, pieces);
  if (is_noise(pieces)) throw Error(fmt::format("{}: {}", image.source, kNoise));
  Components found = bridge_gaps(ink, std::move(pieces), kInk);
  erase_edge_pieces(ink, found);  // a line of dashes, too
  std::vector<FramedDigit> digits;
  std::string refused;
  for (const Piece& character : group(found)) {
    const Drawing digit = cut_out(ink, found, character);
    auto framed = frame_ink(digit, image_size);
    if (const auto* why = std::get_if<std::string>(&framed)) {
      if (refused.empty()) refused = *why;
      continue;
    }
    const auto share = [](int64_t part, int64_t whole) {
      return static_cast<double>(part) / static_cast<double>(whole);
    };
    digits.push_back({std::move(std::get<0>(framed)), share(character.box.left, ink.width),
                      share(character.box.top, ink.height), share(character.box.right, ink.width),
                      share(character.box.bottom, ink.height), character.place});
    if (are_digits) digits.back().halves = frame_halves(digit, image_size, digits.back());
  }
  if (digits.empty()) throw Error(fmt::format("{}: {}", image.source, refused));
  return digits;
}

}  // namespace

std::vector<FramedDigit> frame_digits(const GrayImage& image, int64_t image_size) {
  const bool is_small = std::max(image.width, image.height) <= image_size;
  return frame(image, image_size, is_small ? group_few_digits : group_digits, true);
}

FramedDigit frame_character(const GrayImage& image, int64_t image_size) {
  return frame(image, image_size, group_all, false).front();
}

std::vector<FramedDigit> frame_picture(const GrayImage& image, int64_t image_size, PictureKind kind) {
  if (kind == PictureKind::number) return frame_digits(image, image_size);
  if (kind == PictureKind::character) return {frame_character(image, image_size)};
  return {{scale_picture(image, image_size)}};
}

std::vector<uint8_t> scale_picture(const GrayImage& image, int64_t image_size) {
  if (image.width == image_size && image.height == image_size) return image.pixels;
  Drawing drawing(image.width, image.height);
  std::copy(image.pixels.begin(), image.pixels.end(), drawing.ink.begin());
  const Drawing scaled = scale(drawing, drawing.whole(), image_size, image_size);
  std::vector<uint8_t> pixels;
  for (const float value : scaled.ink)
    pixels.push_back(static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F))));
  return pixels;
}

}  // namespace digitrec
