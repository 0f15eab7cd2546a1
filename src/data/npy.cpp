#include "data/npy.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <utility>

namespace digitrec {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kMaxBytes = int64_t{1} << 62;

[[noreturn]] void refuse_npy(const std::string& name, std::string_view what, std::string hint = "") {
  throw Error(fmt::format("{}: {}; expected an array that numpy.save writes", name, what), std::move(hint));
}

/// Reads a header's text from left to right.
class HeaderText {
 public:
  HeaderText(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse_npy(name_, fmt::format("its header lacks a '{}'", c));
  }
  std::string quoted() {
    expect('\'');
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) refuse_npy(name_, "its header has a string without a closing quote");
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    skip_blanks();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(word.size());
      return value;
    }
    refuse_npy(name_, "its header has neither True nor False for fortran_order");
  }
  int64_t number() {
    skip_blanks();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{} || value < 0) refuse_npy(name_, "its header has a dimension that is not a whole number");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_not_of(" \n"))); }

  std::string_view rest_;
  const std::string& name_;
};

std::vector<int64_t> read_shape(HeaderText& text, const std::string& name) {
  std::vector<int64_t> shape;
  text.expect('(');
  while (!text.take(')')) {
    shape.push_back(text.number());
    if (shape.size() > 8) refuse_npy(name, "its header has more than 8 dimensions");
    if (!text.take(',')) {
      text.expect(')');
      break;
    }
  }
  return shape;
}

/// Sets the type and the byte order by NumPy's descr.
void set_type(NpyHeader& header, std::string descr, const std::string& name) {
  const std::map<std::string, NumberType> types{
      {"|u1", NumberType::u8},  {"|b1", NumberType::u8},  {"|i1", NumberType::i8},  {"<u2", NumberType::u16},
      {"<i2", NumberType::i16}, {"<u4", NumberType::u32}, {"<i4", NumberType::i32}, {"<u8", NumberType::u64},
      {"<i8", NumberType::i64}, {"<f2", NumberType::f16}, {"<f4", NumberType::f32}, {"<f8", NumberType::f64}};
  const std::string written = descr;
  header.is_big_endian = descr.starts_with('>');
  if (header.is_big_endian) descr[0] = '<';
  if (const auto found = types.find(descr); found != types.end()) {
    header.type = found->second;
    return;
  }
  const std::string kind = descr.substr(std::min<size_t>(1, descr.size()), 1);
  const bool is_text = kind == "U" || kind == "S";
  if (kind == "f") {
    refuse_npy(name, fmt::format("its elements are long floats (NumPy's type '{}')", written),
               "write them as float32: x.astype(numpy.float32)");
  }
  refuse_npy(name,
             fmt::format("its elements are {} (NumPy's type '{}'), not numbers",
                         is_text       ? "text"
                         : kind == "O" ? "Python's objects"
                                       : "something else",
                         written),
             is_text
                 ? "make numbers of them: labels.astype(int), or of words numpy.unique(labels, return_inverse=True)[1]"
             : kind == "O" ? "make numbers of them: labels.astype(int)"
                           : "");
}

}  // namespace

NpyText npy_text(std::string_view prefix, const std::string& name) {
  if (prefix.size() < kNpyPrefix || !prefix.starts_with(kMagic)) refuse_npy(name, "not a .npy file");
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(prefix[i])); };
  const size_t major = byte(kMagic.size());
  if (major == 1) return {kMagic.size() + 4, byte(8) | byte(9) << 8};
  if (major == 2 || major == 3) return {kMagic.size() + 6, byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24};
  refuse_npy(name, fmt::format("version {} of the .npy format", major));
}

NpyHeader parse_npy_header(std::string_view text, const std::string& name) {
  NpyHeader header;
  HeaderText rest(text, name);
  std::string type;
  bool has_shape = false;
  rest.expect('{');
  while (!rest.take('}')) {
    const std::string key = rest.quoted();
    rest.expect(':');
    if (key == "descr") {
      type = rest.quoted();
    } else if (key == "fortran_order") {
      header.is_fortran_order = rest.boolean();
    } else if (key == "shape") {
      header.shape = read_shape(rest, name);
      has_shape = true;
    } else {
      refuse_npy(name, "its header has a key that NumPy does not write");
    }
    if (!rest.take(',')) {
      rest.expect('}');
      break;
    }
  }
  if (type.empty() || !has_shape) refuse_npy(name, "its header lacks descr or shape");
  set_type(header, type, name);
  int64_t bytes = size_of(header.type);
  for (const int64_t side : header.shape) {
    if (side > 0 && bytes > kMaxBytes / side) refuse_npy(name, "its header promises more than 2^62 bytes");
    bytes *= side;
  }
  return header;
}

std::string in_our_order(std::string bytes, const NpyHeader& header) {
  if (header.is_big_endian) reverse_bytes(bytes, header.type);
  if (!header.is_fortran_order || header.shape.size() < 2) return bytes;
  const auto rows = static_cast<size_t>(header.shape.front());
  const auto size = static_cast<size_t>(size_of(header.type));
  if (rows == 0 || bytes.empty()) return bytes;
  const size_t row = bytes.size() / size / rows;  // numbers of it
  std::string ordered(bytes.size(), '\0');
  for (size_t number = 0; number < row; ++number) {
    // The last index of our order varies fastest, and slowest in the file.
    size_t rest = number;
    size_t stride = row;
    size_t place = 0;
    for (size_t i = header.shape.size() - 1; i > 0; --i) {
      const auto side = static_cast<size_t>(header.shape[i]);
      stride /= side;
      place += rest % side * stride;
      rest /= side;
    }
    for (size_t i = 0; i < rows; ++i)
      std::memcpy(ordered.data() + (i * row + number) * size, bytes.data() + (place * rows + i) * size, size);
  }
  return ordered;
}

}  // namespace digitrec
