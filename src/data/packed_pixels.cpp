#include "data/packed_pixels.h"

#include "data/csv_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {
namespace {

constexpr std::string_view kNumbers = "0123456789.-+eE";
constexpr std::string_view kBetween = " ,[]\t\"'";

/// How many numbers a field holds; 0 where it holds anything else.
int64_t count_numbers(std::string_view field) {
  int64_t count = 0;
  for (size_t at = field.find_first_not_of(kBetween); at < field.size(); at = field.find_first_not_of(kBetween, at)) {
    const size_t end = std::min(field.find_first_not_of(kNumbers, at), field.size());
    if (end == at) return 0;
    ++count;
    at = end;
  }
  return count;
}

void add_field(std::string& line, std::string_view field, char separator) {
  if (!line.empty()) line += separator;
  line += field;
}

void add_numbers(std::string& line, std::string_view field, char separator) {
  for (size_t at = field.find_first_not_of(kBetween); at < field.size();) {
    const size_t end = std::min(field.find_first_of(kBetween, at), field.size());
    add_field(line, field.substr(at, end - at), separator);
    at = field.find_first_not_of(kBetween, end);
  }
}

}  // namespace

std::string unpacked_row(std::string_view row, char separator, int64_t column) {
  std::string line;
  int64_t i = 0;
  for (Fields fields(row, separator); !fields.at_end(); ++i) {
    const std::string_view field = fields.next();
    i == column ? add_numbers(line, field, separator) : add_field(line, field, separator);
  }
  return line;
}

std::string unpacked_header(std::string_view header, std::string_view row, char separator, int64_t& column) {
  constexpr int64_t kFewest = 64;
  constexpr int64_t kMostFields = 8;
  column = -1;
  int64_t pixels = 0;
  int64_t count = 0;
  for (Fields fields(row, separator); !fields.at_end() && count < kMostFields; ++count) {
    pixels = std::max(pixels, count_numbers(fields.next()));
    if (pixels >= kFewest && column < 0) column = count;
  }
  if (column < 0) return "";
  std::string line;
  int64_t i = 0;
  for (Fields fields(header, separator); !fields.at_end(); ++i) {
    const std::string_view name = fields.next();
    if (i != column) add_field(line, name, separator);
    for (int64_t pixel = 0; i == column && pixel < pixels; ++pixel)
      add_field(line, fmt::format("pixel{}", pixel), separator);
  }
  return line;
}

}  // namespace digitrec
