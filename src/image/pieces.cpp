#include "image/pieces.h"

#include "image/median.h"
#include "image/stroke_width.h"

#include <algorithm>
#include <numeric>

namespace digitrec {
namespace {

/// Gaps of this share of the ink's height are bridged.
constexpr double kGap = 0.05;
/// Components smaller than this share of the largest one's area are dirt.
constexpr double kMinArea = 0.01;
/// A component as tall as this share of the tallest is a digit of its own; a lower one belongs to the nearest digit, if
/// that is no further away than this share of the tallest. Of 6,000 of Kaggle's digits 20 fall into parts side by side,
/// and one into two tall ones.
constexpr double kTall = 0.5;
/// Tall components overlapping by this share of the narrower one's width are strokes of one digit,
constexpr double kOverlap = 0.25;
/// if the gap between them, where one is above the other, is at most this share of the lower one's height.
constexpr double kStackGap = 0.15;
/// Two digits side by side are at least this wide, in parts of their height.
constexpr double kTwoDigits = 0.75;
/// Digits that overlap by this share of the lower one's height stand in one line.
constexpr double kSameLine = 0.4;
/// A gap as wide as this many times the digits' height stands between two numbers,
constexpr double kNumberGap = 2;
/// unless the line's gaps are alike: the widest less than this many times the narrowest.
constexpr double kAlike = 1.6;

/// A component at the edge goes where it has less than this share of the largest one's area, and where it only lies
/// within this share of a side from the edge, this share of its thickness, and at least this share of the shorter
/// side's length.
constexpr double kEdgeArea = 0.3;
constexpr double kEdgeBand = 0.12;
constexpr double kEdgeThickness = 0.6;
constexpr double kEdgeLength = 0.2;
/// Not in pictures smaller than this, which digits fill to the edge,
constexpr int64_t kTiny = 24;
/// and not where its height is within these times the largest one's, this share of the width from the edge.
constexpr double kOneShort = 0.75;
constexpr double kOneTall = 1.35;
constexpr double kOneGap = 0.03;

double ratio(int64_t part, int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

/// How far two boxes share columns, or rows; negative for the gap between them.
int64_t overlap_across(const Box& a, const Box& b) { return std::min(a.right, b.right) - std::max(a.left, b.left); }
int64_t overlap_down(const Box& a, const Box& b) { return std::min(a.bottom, b.bottom) - std::max(a.top, b.top); }

/// Between the nearest points of two boxes, the larger of the distances across and down.
int64_t distance(const Box& a, const Box& b) {
  return std::max<int64_t>({-overlap_across(a, b), -overlap_down(a, b), 0});
}

bool are_side_by_side(const Box& a, const Box& b) {
  return ratio(overlap_across(a, b), std::min(a.width(), b.width())) <= kOverlap;
}

/// How thick a component's strokes are, in pixels: twice its area to the number of its pixels at their edge.
double thickness(const Components& found, size_t component, int64_t width) {
  const Box& box = found.list[component].box;
  const auto height = static_cast<int64_t>(found.labels.size()) / width;
  const auto is_own = [&](int64_t x, int64_t y) {
    return x >= 0 && y >= 0 && x < width && y < height &&
           found.labels[static_cast<size_t>(y * width + x)] == static_cast<int32_t>(component);
  };
  int64_t edge = 0;
  for (int64_t y = box.top; y < box.bottom; ++y) {
    for (int64_t x = box.left; x < box.right; ++x) {
      if (!is_own(x, y)) continue;
      edge += !(is_own(x - 1, y) && is_own(x + 1, y) && is_own(x, y - 1) && is_own(x, y + 1));
    }
  }
  return 2 * ratio(found.list[component].area, edge);
}

/// Of each component: whether it is tall and has another tall one beside it in its blob, so that the blob is no digit
/// with a gap, but digits that nearly touch.
std::vector<bool> stand_side_by_side(const Components& found, const std::vector<int32_t>& blob_of) {
  const int64_t tallest = tallest_of(found);
  std::vector<size_t> tall;
  for (size_t i = 0; i < found.list.size(); ++i) {
    if (ratio(found.list[i].box.height(), tallest) >= kTall) tall.push_back(i);
  }
  std::vector<bool> are_digits(found.list.size(), false);
  for (const size_t i : tall) {
    are_digits[i] = std::any_of(tall.begin(), tall.end(), [&](size_t j) {
      return j != i && blob_of[j] == blob_of[i] && are_side_by_side(found.list[i].box, found.list[j].box);
    });
  }
  return are_digits;
}

/// Sets of things that are joined in pairs.
class Sets {
 public:
  explicit Sets(size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), size_t{0}); }

  void join(size_t a, size_t b) { parents_[find(b)] = find(a); }

  size_t find(size_t a) {
    while (parents_[a] != a) a = parents_[a] = parents_[parents_[a]];
    return a;
  }

 private:
  std::vector<size_t> parents_;
};

/// Digits out of tall components: strokes that overlap across, and lie beside each other or nearly touch.
std::vector<Piece> join_tall(const Components& found, const std::vector<int32_t>& tall) {
  const auto box_of = [&](size_t i) { return found.list[static_cast<size_t>(tall[i])].box; };
  Sets sets(tall.size());
  for (size_t i = 0; i < tall.size(); ++i) {
    for (size_t j = i + 1; j < tall.size(); ++j) {
      const Box a = box_of(i);
      const Box b = box_of(j);
      const double gap = ratio(-overlap_down(a, b), std::min(a.height(), b.height()));
      if (!are_side_by_side(a, b) && gap <= kStackGap) sets.join(i, j);
    }
  }
  std::vector<Piece> pieces;
  std::vector<size_t> piece_of(tall.size(), tall.size());
  for (size_t i = 0; i < tall.size(); ++i) {
    size_t& piece = piece_of[sets.find(i)];
    if (piece == tall.size()) {
      piece = pieces.size();
      pieces.push_back({box_of(i), {}});
    }
    pieces[piece].add(tall[i], box_of(i));
  }
  return pieces;
}

/// Numbers the lines of writing, and puts the pieces in reading order.
void sort_into_lines(std::vector<Piece>& pieces) {
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.box.left < b.box.left; });
  Sets sets(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {  // each with the next one to its right, so that lines may slope
    for (size_t j = i + 1; j < pieces.size(); ++j) {
      const Box& a = pieces[i].box;
      const Box& b = pieces[j].box;
      if (ratio(overlap_down(a, b), std::min(a.height(), b.height())) < kSameLine) continue;
      sets.join(i, j);
      break;
    }
  }
  std::vector<double> middles(pieces.size(), 0);
  std::vector<double> counts(pieces.size(), 0);
  for (size_t i = 0; i < pieces.size(); ++i) {
    middles[sets.find(i)] += static_cast<double>(pieces[i].box.top + pieces[i].box.bottom) / 2;
    counts[sets.find(i)] += 1;
  }
  std::vector<size_t> lines;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (counts[i] == 0) continue;
    middles[i] /= counts[i];
    lines.push_back(i);
  }
  std::sort(lines.begin(), lines.end(), [&](size_t a, size_t b) { return middles[a] < middles[b]; });
  for (size_t i = 0; i < pieces.size(); ++i) {
    pieces[i].place.line = std::find(lines.begin(), lines.end(), sets.find(i)) - lines.begin();
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.place.line < b.place.line; });
}

/// Where one number ends and the next begins.
void find_numbers(std::vector<Piece>& pieces) {
  std::vector<int64_t> heights;
  for (const Piece& piece : pieces) heights.push_back(piece.box.height());
  const auto height = static_cast<double>(median(std::move(heights)));
  int64_t number = 0;
  for (size_t begin = 0, end = 0; begin < pieces.size(); begin = end, ++number) {
    std::vector<double> gaps;
    for (end = begin + 1; end < pieces.size() && pieces[end].place.line == pieces[begin].place.line; ++end)
      gaps.push_back(static_cast<double>(pieces[end].box.left - pieces[end - 1].box.right));
    const auto [narrowest, widest] = std::minmax_element(gaps.begin(), gaps.end());
    const bool are_alike = gaps.size() > 1 && *widest < kAlike * *narrowest;
    pieces[begin].place.number = number;
    for (size_t i = begin + 1; i < end; ++i) {
      if (!are_alike && gaps[i - begin - 1] > kNumberGap * height) ++number;
      pieces[i].place.number = number;
    }
  }
}

}  // namespace

void Piece::add(int32_t component, const Box& other) {
  components.push_back(component);
  box = around(box, other);
}

void erase_edge_pieces(Drawing& ink, Components& found) {
  if (ink.whole().longer_side() < kTiny) return;
  const auto& list = found.list;
  const auto is_larger = [](const Component& a, const Component& b) { return a.area < b.area; };
  const auto largest = static_cast<size_t>(std::max_element(list.begin(), list.end(), is_larger) - list.begin());
  const auto touches_edge = [&](const Box& box) {
    return box.left == 0 || box.top == 0 || box.right == ink.width || box.bottom == ink.height;
  };
  const auto lies_along_edge = [&](const Box& box) {
    return ratio(box.right, ink.width) <= kEdgeBand || ratio(box.left, ink.width) >= 1 - kEdgeBand ||
           ratio(box.bottom, ink.height) <= kEdgeBand || ratio(box.top, ink.height) >= 1 - kEdgeBand;
  };
  std::vector<bool> goes(list.size(), false);
  for (size_t i = 0; i < list.size(); ++i) {
    const Box& box = list[i].box;
    // A stroke as tall as the digits beside it, clear of the edge, is a 1.
    const double height = ratio(box.height(), list[largest].box.height());
    const double gap = ratio(std::min(box.left, ink.width - box.right), ink.width);
    const bool is_one = box.height() > box.width() && height >= kOneShort && height <= kOneTall && gap >= kOneGap;
    const bool is_long = ratio(box.longer_side(), std::min(ink.width, ink.height)) >= kEdgeLength;
    goes[i] = i != largest && ratio(list[i].area, list[largest].area) < kEdgeArea &&
              (touches_edge(box) ||
               (is_long && !is_one && lies_along_edge(box) &&
                thickness(found, i, ink.width) <= kEdgeThickness * thickness(found, largest, ink.width)));
  }
  erase_components(ink, found, goes);
}

Components bridge_gaps(const Drawing& ink, Components found, float threshold) {
  if (found.list.size() < 2) return found;
  const int64_t tallest = tallest_of(found);
  // A digit of dots or dashes is taller than each of them, a page of digits much taller.
  const int64_t height = std::min(ink_box(ink, threshold).height(), 2 * tallest);
  const auto reach = static_cast<float>(kGap / 2 * static_cast<double>(height));
  Drawing near = distance_to_ink(ink, threshold);
  for (float& value : near.ink) value = value <= reach ? 1.0F : 0.0F;
  const Components blobs = find_components(near, 1.0F);
  std::vector<int32_t> blob_of(found.list.size(), 0);
  for (size_t i = 0; i < found.labels.size(); ++i) {
    if (found.labels[i] >= 0) blob_of[static_cast<size_t>(found.labels[i])] = blobs.labels[i];
  }

  const std::vector<bool> is_digit = stand_side_by_side(found, blob_of);
  std::vector<int32_t> joined(found.list.size());
  std::vector<Component> list;
  std::vector<int32_t> position(blobs.list.size(), -1);  // of a blob's parts in the list
  for (size_t i = 0; i < found.list.size(); ++i) {
    int32_t& shared = position[static_cast<size_t>(blob_of[i])];
    const Component& part = found.list[i];
    if (shared < 0 || is_digit[i]) {
      joined[i] = static_cast<int32_t>(list.size());
      if (!is_digit[i]) shared = joined[i];
      list.push_back(part);
      continue;
    }
    joined[i] = shared;
    Component& whole = list[static_cast<size_t>(shared)];
    whole.box = around(whole.box, part.box);
    whole.area += part.area;
  }
  for (int32_t& label : found.labels) label = label < 0 ? label : joined[static_cast<size_t>(label)];
  found.list = std::move(list);
  return found;
}

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

std::vector<Piece> group_all(const Components& found) {
  const std::vector<int32_t> kept = large_components(found);
  Piece all{found.list[static_cast<size_t>(kept.front())].box, {}};
  for (const int32_t component : kept) all.add(component, found.list[static_cast<size_t>(component)].box);
  return {all};
}

std::vector<Piece> group_few_digits(const Components& found) {
  std::vector<Piece> all = group_all(found);
  const Box& box = all.front().box;
  return ratio(box.width(), box.height()) < kTwoDigits ? all : group_digits(found);
}

std::vector<Piece> group_digits(const Components& found) {
  std::vector<int32_t> kept = large_components(found);
  const auto box_of = [&](int32_t component) { return found.list[static_cast<size_t>(component)].box; };
  int64_t tallest = 0;
  for (const int32_t component : kept) tallest = std::max(tallest, box_of(component).height());
  const auto low = std::stable_partition(
      kept.begin(), kept.end(), [&](int32_t component) { return ratio(box_of(component).height(), tallest) >= kTall; });
  std::vector<Piece> pieces = join_tall(found, {kept.begin(), low});
  for (auto other = low; other != kept.end(); ++other) {
    const Box box = box_of(*other);
    Piece& nearest = *std::min_element(pieces.begin(), pieces.end(), [&](const Piece& a, const Piece& b) {
      return distance(a.box, box) < distance(b.box, box);
    });
    if (ratio(distance(nearest.box, box), tallest) <= kTall) nearest.add(*other, box);
  }
  sort_into_lines(pieces);
  find_numbers(pieces);
  return pieces;
}

}  // namespace digitrec
