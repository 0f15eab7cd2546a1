#include "data/plain_csv.h"

#include "core/descriptor.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

namespace digitrec {
namespace {

/// Bytes that a thread reads at a time: few enough to stay in its cache until they are parsed.
constexpr int64_t kPiece = 1 << 20;
/// The parser looks up to this far past the end of a row.
constexpr int64_t kSlack = 16;

struct Columns {
  int64_t count;
  int64_t label;
  int64_t max_label;

  int64_t pixels() const { return count - (label >= 0 ? 1 : 0); }
};

/// Reads a number of one to three digits, at most `limit`, and moves `cursor` past it. False if there is none.
bool parse_digits(const char*& cursor, int64_t limit, int64_t& value) {
  value = 0;
  int digits = 0;
  for (; digits < 3; ++digits, ++cursor) {
    const auto digit = static_cast<unsigned char>(*cursor - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  return digits > 0 && value <= limit;
}

bool skip(const char*& cursor, char expected) {
  if (*cursor != expected) return false;
  ++cursor;
  return true;
}

/// Reads `count` pixels, each with the comma after it. The last of a row ends at the end of its line, which stays
/// unread.
bool parse_pixels(const char*& cursor, uint8_t* pixels, int64_t count, bool ends_row) {
  constexpr char kZeros[] = "0,0,0,0,";
  int64_t i = 0;
  while (i < count) {
    // Most of a digit's image is background: four pixels at a time. The row's last pixel has no comma after it.
    if (i + 4 < count && std::memcmp(cursor, kZeros, 8) == 0) {
      std::memset(pixels + i, 0, 4);
      i += 4;
      cursor += 8;
      continue;
    }
    int64_t value = 0;
    if (!parse_digits(cursor, 255, value)) return false;
    pixels[i++] = static_cast<uint8_t>(value);
    if ((i < count || !ends_row) && !skip(cursor, ',')) return false;
  }
  return true;
}

/// The rows of one piece.
struct Piece {
  std::unique_ptr<uint8_t[]> pixels;
  std::vector<int64_t> labels;
  int64_t rows = 0;
};

bool parse_rows(const char* cursor, const char* end, const Columns& columns, Piece& piece) {
  // A pixel takes two bytes or more.
  piece.pixels = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>((end - cursor) / 2 + columns.count));
  const int64_t before = columns.label >= 0 ? columns.label : columns.count;
  const int64_t after = columns.pixels() - before;
  while (cursor < end) {
    // Too short for a row: it would be parsed past the end of the pixels' memory.
    if (end - cursor < 2 * columns.count - 1) return false;
    uint8_t* row = piece.pixels.get() + piece.rows * columns.pixels();
    if (!parse_pixels(cursor, row, before, columns.label < 0)) return false;
    if (columns.label >= 0) {
      int64_t label = 0;
      if (!parse_digits(cursor, columns.max_label, label)) return false;
      piece.labels.push_back(label);
      if (after > 0 && !skip(cursor, ',')) return false;
      if (!parse_pixels(cursor, row + before, after, true)) return false;
    }
    skip(cursor, '\r');
    if (cursor < end && !skip(cursor, '\n')) return false;
    ++piece.rows;
  }
  return true;
}

/// The end of the line that contains `offset`: one past its line break, or the file's size when there is none; -1 for a
/// line longer than `limit`.
int64_t end_of_line(const Descriptor& file, int64_t offset, int64_t size, int64_t limit) {
  std::vector<char> buffer(1 << 14);
  for (int64_t at = offset; at < size && at < offset + limit;) {
    const int64_t got = file.read_at(buffer.data(), buffer.size(), at);
    if (got <= 0) return -1;
    if (const void* found = std::memchr(buffer.data(), '\n', static_cast<size_t>(got))) {
      return at + (static_cast<const char*>(found) - buffer.data()) + 1;
    }
    at += got;
    if (at >= size) return size;
  }
  return offset >= size ? size : -1;
}

/// Where the pieces begin, each at the beginning of a line, and the end of the last. Empty when a line is too long.
std::vector<int64_t> cut(const Descriptor& file, const Columns& columns, int64_t size, bool has_header) {
  const int64_t max_line = 4 * columns.count + 2;
  const int64_t max_header = 1 << 20;
  std::vector<int64_t> cuts{has_header ? end_of_line(file, 0, size, max_header) : 0};
  while (cuts.back() >= 0 && cuts.back() < size) {
    cuts.push_back(end_of_line(file, std::min(cuts.back() + kPiece, size), size, max_line));
  }
  return cuts.back() < 0 ? std::vector<int64_t>{} : cuts;
}

bool parse_piece(const Descriptor& file, int64_t begin, int64_t end, const Columns& columns, std::vector<char>& buffer,
                 Piece& piece) {
  const int64_t length = end - begin;
  buffer.resize(static_cast<size_t>(length + kSlack));
  if (file.read_at(buffer.data(), static_cast<size_t>(length), begin) != length) return false;
  std::memset(buffer.data() + length, 0, kSlack);
  return parse_rows(buffer.data(), buffer.data() + length, columns, piece);
}

PlainRows join(const std::vector<Piece>& pieces, const Columns& columns) {
  std::vector<int64_t> first_row{0};
  for (const Piece& piece : pieces) first_row.push_back(first_row.back() + piece.rows);
  PlainRows rows;
  rows.pixels = at::empty({first_row.back(), columns.pixels()}, at::kByte);
  if (columns.label >= 0) rows.labels = at::empty({first_row.back()}, at::kLong);
  uint8_t* pixels = rows.pixels.data_ptr<uint8_t>();
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      std::memcpy(pixels + first_row[i] * columns.pixels(), pieces[i].pixels.get(),
                  static_cast<size_t>(pieces[i].rows * columns.pixels()));
    }
  });
  if (columns.label >= 0) {
    int64_t* labels = rows.labels.data_ptr<int64_t>();
    for (const Piece& piece : pieces) labels = std::copy(piece.labels.begin(), piece.labels.end(), labels);
  }
  return rows;
}

}  // namespace

std::optional<PlainRows> read_plain_rows(const std::filesystem::path& path, int64_t columns, int64_t label_column,
                                         int64_t max_label, bool has_header) {
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;  // a pipe is read once, by the caller
  const Descriptor file(path, O_RDONLY);
  const int64_t size = file.size();
  const Columns layout{columns, label_column, max_label};
  if (size <= 0) return std::nullopt;
  const std::vector<int64_t> cuts = cut(file, layout, size, has_header);
  if (cuts.size() < 2) return std::nullopt;

  std::vector<Piece> pieces(cuts.size() - 1);
  std::atomic<size_t> next{0};
  std::atomic<bool> plain{true};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    std::vector<char> buffer;
    for (size_t i = next++; i < pieces.size() && plain; i = next++) {
      if (!parse_piece(file, cuts[i], cuts[i + 1], layout, buffer, pieces[i])) plain = false;
    }
  });
  if (!plain) return std::nullopt;
  return join(pieces, layout);
}

}  // namespace digitrec
