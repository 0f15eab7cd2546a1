#include "data/pixels.h"

#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <c10/util/Half.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace digitrec {
namespace {

/// Calls `use` with an example of the type, whose value means nothing.
template <class Use>
auto with_type(NumberType type, Use use) {
  switch (type) {
    case NumberType::u8:
      return use(uint8_t{});
    case NumberType::i8:
      return use(int8_t{});
    case NumberType::u16:
      return use(uint16_t{});
    case NumberType::i16:
      return use(int16_t{});
    case NumberType::u32:
      return use(uint32_t{});
    case NumberType::i32:
      return use(int32_t{});
    case NumberType::u64:
      return use(uint64_t{});
    case NumberType::i64:
      return use(int64_t{});
    case NumberType::f16:
      return use(c10::Half{});
    case NumberType::f32:
      return use(float{});
    case NumberType::f64:
      break;
  }
  return use(double{});
}

/// Calls `use` with each number. The bytes need not lie where the type wants them.
template <class T, class Use>
void for_each(std::string_view bytes, Use use) {
  for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value{};
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    use(value);
  }
}

/// What to do about pixels of this range, which are none of ours.
std::string hint_for_range(double lowest, double highest, bool has_fractions) {
  constexpr double kMost = 65535;  // of 16 bits
  if (lowest < 0) return "write them before they are normalised";
  if (highest <= 255) return "cut off what is above 1, as numpy.clip(x, 0, 1) does, if 1 is white";
  if (highest > kMost || has_fractions) return "scale them so that white is 255";
  return highest > kMost / 2 ? "16 bits? write (x // 257).astype(numpy.uint8)"
                             : "scale them so that white is 255, as (x * 255.0 / x.max()).astype(numpy.uint8) does";
}

template <class T>
std::vector<uint8_t> to_pixels(std::string_view bytes, const std::string& name, std::string& reading) {
  double min = 0;
  double max = 0;
  bool is_finite = true;
  bool has_fractions = false;
  for_each<T>(bytes, [&](T value) {
    const auto number = static_cast<double>(value);
    is_finite = is_finite && std::isfinite(number);
    min = std::min(min, number);
    max = std::max(max, number);
    has_fractions = has_fractions || number != std::floor(number);
  });
  if (!is_finite) throw Error(fmt::format("{}: a pixel is not a number; expected 0 to 255, or 0 to 1", name));
  const double white = white_of(min, max, has_fractions);
  if (white == 0) {
    const bool is_share = min >= 0 && max <= 255;
    throw Error(fmt::format("{}: pixels from {:.5g} to {:.5g}{}; expected 0 to 255, or 0 to 1", name, min, max,
                            is_share ? ", some of them fractions" : ""),
                hint_for_range(min, max, has_fractions));
  }
  if (white == 1 && max > 0) reading = "pixels 0 to 1";
  std::vector<uint8_t> pixels;
  pixels.reserve(bytes.size() / sizeof(T));
  for_each<T>(bytes, [&](T value) {
    const double level = std::clamp(static_cast<double>(value), 0.0, white);
    pixels.push_back(static_cast<uint8_t>(std::lround(level * 255 / white)));
  });
  return pixels;
}

}  // namespace

int64_t size_of(NumberType type) {
  return with_type(type, [](auto value) { return static_cast<int64_t>(sizeof(value)); });
}

void reverse_bytes(std::string& bytes, NumberType type) {
  const auto size = static_cast<size_t>(size_of(type));
  if (size == 1) return;
  for (size_t i = 0; i + size <= bytes.size(); i += size)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i), bytes.begin() + static_cast<std::ptrdiff_t>(i + size));
}

double white_of(double lowest, double highest, bool has_fractions) {
  constexpr double kSlack = 0.001;
  constexpr double kNotClear = 2;
  const double white = highest <= 1 + kSlack ? 1 : 255;
  const bool is_mixed = has_fractions && white > 1 && highest <= kNotClear;
  return lowest < -kSlack * white || highest > white * (1 + kSlack) || is_mixed ? 0 : white;
}

std::vector<uint8_t> pixels_of(std::string_view bytes, NumberType type, const std::string& name, std::string& reading) {
  return with_type(type, [&](auto value) { return to_pixels<decltype(value)>(bytes, name, reading); });
}

bool are_withheld(std::string_view bytes, NumberType type) {
  bool are = !bytes.empty();
  with_type(type, [&](auto example) {
    for_each<decltype(example)>(bytes, [&](auto value) {
      const auto number = static_cast<double>(value);
      are = are && (std::isnan(number) || number == -1);
    });
  });
  return are;
}

std::vector<int64_t> labels_of(std::string_view bytes, NumberType type, const std::string& name) {
  std::vector<int64_t> labels;
  with_type(type, [&](auto example) {
    for_each<decltype(example)>(bytes, [&](auto value) {
      const auto number = static_cast<double>(value);
      if (!(number >= 0 && number < static_cast<double>(kMaxClasses)) || number != std::floor(number)) {
        throw Error(fmt::format("{}: row {}: label {}; expected a whole number 0 to {}", name, labels.size() + 1,
                                number, kMaxClasses - 1));
      }
      labels.push_back(static_cast<int64_t>(value));
    });
  });
  return labels;
}

std::vector<int64_t> one_hot_labels_of(std::string_view bytes, NumberType type, int64_t columns,
                                       const std::string& name) {
  std::vector<int64_t> labels;
  int64_t column = 0;
  int64_t hot = -1;
  with_type(type, [&](auto example) {
    for_each<decltype(example)>(bytes, [&](auto value) {
      const auto number = static_cast<double>(value);
      const bool is_hot = number == 1 && hot < 0;
      if (is_hot) hot = column;
      ++column;
      if ((number != 0 && !is_hot) || (column == columns && hot < 0)) {
        throw Error(fmt::format("{}: row {} is no one-hot label; expected one 1, and 0 in its other {} numbers", name,
                                labels.size() + 1, columns - 1),
                    "write each label as a whole number");
      }
      if (column < columns) return;
      labels.push_back(hot);
      column = 0;
      hot = -1;
    });
  });
  return labels;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t size : shape) text += fmt::format("{}{}", text.empty() ? "" : " x ", size);
  return text;
}

int64_t side_of_images(const std::vector<int64_t>& shape, const std::string& name) {
  if (shape.size() < 2)
    throw Error(fmt::format("{}: {} numbers in a row, as labels are; expected images", name, shape_text(shape)));
  std::vector<int64_t> sides(shape.begin() + 1, shape.end());
  if (sides.size() == 3) {
    const auto one = std::find(sides.begin(), sides.end(), int64_t{1});  // of one channel
    if (one != sides.end()) sides.erase(one);
  }
  if (sides.size() == 1) {
    const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(sides.front()))));
    if (side * side == sides.front()) sides = {side, side};
  }
  if (sides.size() != 2) throw Error(fmt::format("{}: {} numbers; expected square images", name, shape_text(shape)));
  if (sides[0] != sides[1])
    throw Error(fmt::format("{}: images of {} x {} pixels; expected square ones", name, sides[0], sides[1]));
  if (sides[0] < 1 || sides[0] > kMaxImageSize) {
    throw Error(fmt::format("{}: images of {} x {} pixels; expected a side of 1 to {}", name, sides[0], sides[0],
                            kMaxImageSize));
  }
  if (shape.front() < 1) throw Error(fmt::format("{}: holds no images", name));
  return sides[0];
}

}  // namespace digitrec
