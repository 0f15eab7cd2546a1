#include "image/framing.h"

#include "digitrec/core/error.h"
#include "image/components.h"
#include "image/ink.h"
#include "image/stroke_width.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

constexpr float kInk = 0.35F;
/// Gaps of this share of the ink's height are bridged: a pen that skipped, a stroke that does not quite reach another.
constexpr double kGap = 0.05;
/// Components smaller than this share of the largest one's area are dirt.
constexpr double kMinArea = 0.01;
/// More components than this are noise.
constexpr size_t kMaxComponents = 40;
/// A component as tall as this share of the tallest is a digit of its own; a lower one belongs to the nearest digit, if
/// that is no further away than this share of the tallest. Of 6,000 of Kaggle's digits 20 fall into parts side by side,
/// and one into two tall ones.
constexpr double kTall = 0.5;
/// Tall components overlapping by this share of the narrower one's width are strokes of one digit.
constexpr double kOverlap = 0.25;
/// The strongest ink of a picture that is framed already reaches this level.
constexpr uint8_t kMinLevel = 40;
/// Shorter sides than this, in pixels, hold no digit.
constexpr int64_t kMinSide = 6;
/// Wider strokes, in parts of their box's longer side, are a dot. Kaggle's digits reach 0.55.
constexpr double kMaxWidth = 0.75;
/// Longer strokes, in longer sides of their box, are scribble or noise. Kaggle's digits reach 3.4.
constexpr double kMaxLength = 8;

/// Strokes are measured, and thickened or thinned, at this many times the size of MNIST's box.
constexpr int64_t kFine = 4;
/// Stroke widths, of 20 pixels, between which nine in ten of Kaggle's digits lie; others are brought there.
constexpr double kThin = 2.2;
constexpr double kThick = 4.2;

/// The components of one digit.
struct Group {
  Box box;
  std::vector<int32_t> components;

  void add(int32_t component, const Box& other) {
    components.push_back(component);
    box = around(box, other);
  }
};

/// Joins components with small gaps between them.
Components bridge_gaps(const Drawing& ink, Components found) {
  if (found.list.size() < 2) return found;
  const auto reach = static_cast<float>(kGap / 2 * static_cast<double>(ink_box(ink, kInk).height()));
  Drawing near = distance_to_ink(ink, kInk);
  for (float& value : near.ink) value = value <= reach ? 1.0F : 0.0F;
  Components joined = find_components(near, 1.0F);
  for (Component& component : joined.list) component = {{ink.width, ink.height, 0, 0}, 0};
  for (size_t i = 0; i < found.labels.size(); ++i) {
    if (found.labels[i] < 0) {
      joined.labels[i] = -1;
      continue;
    }
    Component& whole = joined.list[static_cast<size_t>(joined.labels[i])];
    const Component& part = found.list[static_cast<size_t>(found.labels[i])];
    whole.box = around(whole.box, part.box);
    ++whole.area;
  }
  return joined;
}

int64_t overlap(const Box& a, const Box& b) { return std::min(a.right, b.right) - std::max(a.left, b.left); }

/// Between the nearest points of two boxes, the larger of the distances across and down.
int64_t distance(const Box& a, const Box& b) {
  const int64_t across = -overlap(a, b);
  const int64_t down = std::max(a.top, b.top) - std::min(a.bottom, b.bottom);
  return std::max<int64_t>({across, down, 0});
}

/// The components that are not dirt.
std::vector<int32_t> large_components(const Components& found) {
  int64_t largest = 0;
  for (const Component& component : found.list) largest = std::max(largest, component.area);
  std::vector<int32_t> large;
  for (size_t i = 0; i < found.list.size(); ++i) {
    if (static_cast<double>(found.list[i].area) >= kMinArea * static_cast<double>(largest)) {
      large.push_back(static_cast<int32_t>(i));
    }
  }
  return large;
}

/// All components that are no dirt, as one character.
std::vector<Group> group_all(const Components& found) {
  const std::vector<int32_t> kept = large_components(found);
  Group all{found.list[static_cast<size_t>(kept.front())].box, {}};
  for (const int32_t component : kept) all.add(component, found.list[static_cast<size_t>(component)].box);
  return {all};
}

/// Which components make up which digit, left to right.
std::vector<Group> group_digits(const Components& found) {
  std::vector<int32_t> kept = large_components(found);
  int64_t tallest = 0;
  for (const int32_t component : kept)
    tallest = std::max(tallest, found.list[static_cast<size_t>(component)].box.height());
  const auto box_of = [&](int32_t component) { return found.list[static_cast<size_t>(component)].box; };
  std::sort(kept.begin(), kept.end(), [&](int32_t a, int32_t b) { return box_of(a).left < box_of(b).left; });
  const auto low = std::stable_partition(kept.begin(), kept.end(), [&](int32_t component) {
    return static_cast<double>(box_of(component).height()) >= kTall * static_cast<double>(tallest);
  });

  std::vector<Group> groups;
  for (auto tall = kept.begin(); tall != low; ++tall) {
    const Box box = box_of(*tall);
    const bool belongs =
        !groups.empty() && static_cast<double>(overlap(groups.back().box, box)) >
                               kOverlap * static_cast<double>(std::min(groups.back().box.width(), box.width()));
    if (!belongs) groups.push_back({box, {}});
    groups.back().add(*tall, box);
  }
  for (auto other = low; other != kept.end(); ++other) {
    const Box box = box_of(*other);
    Group& nearest = *std::min_element(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
      return distance(a.box, box) < distance(b.box, box);
    });
    if (static_cast<double>(distance(nearest.box, box)) <= kTall * static_cast<double>(tallest))
      nearest.add(*other, box);
  }
  return groups;
}

/// The group's ink alone, with the faint pixels around it.
Drawing cut_out(const Drawing& ink, const Components& found, const Group& group) {
  constexpr int64_t kAround = 2;
  const Box& box = group.box;
  const Box wide{std::max<int64_t>(0, box.left - kAround), std::max<int64_t>(0, box.top - kAround),
                 std::min(ink.width, box.right + kAround), std::min(ink.height, box.bottom + kAround)};
  Drawing digit(wide.width(), wide.height());
  for (int64_t y = wide.top; y < wide.bottom; ++y) {
    for (int64_t x = wide.left; x < wide.right; ++x) {
      const int32_t label = found.labels[static_cast<size_t>(y * ink.width + x)];
      const bool foreign =
          label >= 0 && std::find(group.components.begin(), group.components.end(), label) == group.components.end();
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

/// `group`: gathers the components of a picture.
std::vector<FramedDigit> frame(const GrayImage& image, int64_t image_size,
                               std::vector<Group> (*group)(const Components&)) {
  const auto is_framed = [&] {
    if (image.width != image_size || image.height != image_size) return false;
    for (int64_t i = 0; i < image_size; ++i) {
      const auto pixel = [&](int64_t x, int64_t y) { return image.pixels[static_cast<size_t>(y * image_size + x)]; };
      if (pixel(i, 0) + pixel(i, image_size - 1) + pixel(0, i) + pixel(image_size - 1, i) > 0) return false;
    }
    return *std::max_element(image.pixels.begin(), image.pixels.end()) >= kMinLevel;
  };
  if (is_framed()) return {{image.pixels}};

  const Drawing ink = find_ink(image);
  Components pieces = find_components(ink, kInk);
  if (large_components(pieces).size() > kMaxComponents) {
    throw Error(fmt::format("{}: {}", image.source, kNoise));
  }
  const Components found = bridge_gaps(ink, std::move(pieces));
  std::vector<FramedDigit> digits;
  std::string refused;
  for (const Group& character : group(found)) {
    Drawing digit = cut_out(ink, found, character);
    Box box = ink_box(digit, kInk);
    const int64_t side = box_size(image_size);
    Drawing fine = scale_to_side(digit, box, kFine * side);
    // Lines thinner than one of these pixels are faint now.
    const float strongest = *std::max_element(fine.ink.begin(), fine.ink.end());
    for (float& value : fine.ink) value /= strongest;
    const Strokes strokes = measure_strokes(fine);
    if (const std::string why = refusal(box, fine, strokes); !why.empty()) {
      if (refused.empty()) refused = why;
      continue;
    }
    const double unit = static_cast<double>(kFine * side) / 20;
    const double wanted = std::clamp(strokes.width, kThin * unit, kThick * unit);
    if (wanted != strokes.width) {
      digit = thicken(fine, wanted - strokes.width);
      box = ink_box(digit, kInk);
    }
    const auto share = [](int64_t part, int64_t whole) {
      return static_cast<double>(part) / static_cast<double>(whole);
    };
    digits.push_back({center_by_mass(scale_to_side(digit, box, side), image_size), share(character.box.left, ink.width),
                      share(character.box.top, ink.height), share(character.box.right, ink.width),
                      share(character.box.bottom, ink.height)});
  }
  if (digits.empty()) throw Error(fmt::format("{}: {}", image.source, refused));
  return digits;
}

}  // namespace

std::vector<FramedDigit> frame_digits(const GrayImage& image, int64_t image_size) {
  return frame(image, image_size, group_digits);
}

FramedDigit frame_character(const GrayImage& image, int64_t image_size) {
  return frame(image, image_size, group_all).front();
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
