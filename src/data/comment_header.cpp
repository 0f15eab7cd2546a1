#include "data/comment_header.h"

#include "data/csv_columns.h"
#include "data/csv_text.h"
#include "data/csv_unnamed.h"
#include "data/packed_pixels.h"

#include <ranges>
#include <vector>

namespace digitrec {
namespace {

/// At most `max` fields and one more, which shows that there are too many.
std::vector<std::string> split(std::string_view line, char separator, size_t max) {
  std::vector<std::string> fields;
  for (Fields rest(line, separator); !rest.at_end() && fields.size() <= max;)
    fields.emplace_back(unquoted(unescaped(rest.next())));
  return fields;
}

/// A row of an image: numbers, or one word beside them, or all of them in one field.
bool is_row(std::string_view line, const std::vector<std::string>& fields, char separator) {
  if (fields.size() < 2) return false;
  int64_t packed = -1;
  unpacked_header(line, line, separator, packed);
  return packed >= 0 || are_numbers(fields, separator) || word_of_row(fields, separator) >= 0;
}

}  // namespace

std::optional<CommentHeader> find_comment_header(const CsvLines& lines, std::string_view first_row) {
  if (lines.comments().empty()) return std::nullopt;
  const char separator = find_separator(first_row);
  const std::vector<std::string> row = split(first_row, separator, first_row.size());
  if (!is_row(first_row, row, separator)) return std::nullopt;
  for (const CsvLines::Comment& comment : std::views::reverse(lines.comments())) {
    const char own = find_separator(comment.inner());
    const std::vector<std::string> names = split(comment.inner(), own, row.size());
    if (names.size() != row.size() || are_numbers(names, own)) continue;
    if (own == separator) return CommentHeader{std::string(comment.inner()), comment.text, comment.number};
    CommentHeader header{names.front(), comment.text, comment.number};
    for (size_t i = 1; i < names.size(); ++i) header.text.append(1, separator).append(names[i]);
    return header;
  }
  return std::nullopt;
}

}  // namespace digitrec
