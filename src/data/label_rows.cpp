#include "data/label_rows.h"

#include "data/csv_text.h"
#include "digitrec/core/error.h"
#include "digitrec/data/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace digitrec {
namespace {

bool is_class_name(std::string_view text) {
  constexpr size_t kMaxLength = 64;
  double number = 0;
  return !text.empty() && !parse_real(text, number) && text.size() <= kMaxLength &&
         text.find('"') == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= ' '; });
}

/// Whether a field says that the row has no label: nothing, pandas' NaN, -1.
bool is_missing(std::string_view text) {
  double number = 0;
  return text.empty() || (parse_real(text, number) && (std::isnan(number) || number == -1));
}

}  // namespace

void fail_field(const CsvLines& lines, int64_t line, std::string_view column, std::string_view field, int64_t limit) {
  const std::string_view value = unquoted(trimmed(field));
  const std::string where = fmt::format("{}:{}: column {}: ", lines.name(), line, shown(column));
  if (value.empty()) throw Error(where + fmt::format("the field is empty; expected a whole number 0 to {}", limit));
  double number = 0;
  const bool is_number = parse_real(value, number);
  throw Error(where + fmt::format("{} is {}; expected a whole number 0 to {}",
                                  is_number ? shown(value) : fmt::format("'{}'", shown(value)),
                                  !is_number                            ? "not a number"
                                  : number < 0                          ? "below 0"
                                  : number > static_cast<double>(limit) ? fmt::format("above {}", limit)
                                                                        : "not a whole number",
                                  limit));
}

void LabelRows::add(const CsvLines& lines, const std::string& column, std::string_view field) {
  const std::string_view text = unquoted(field);
  if (is_missing(text)) return add_missing(lines, column, text);
  if (missing_line_ > 0) fail_field(lines, missing_line_, column, missing_, kMaxClasses - 1);
  int64_t number = -1;
  const bool is_number = parse_whole(text, number);
  const bool is_class = is_number ? number >= 0 && number < kMaxClasses : is_class_name(text);
  if (!is_class) fail_field(lines, lines.number(), column, field, kMaxClasses - 1);
  const std::string name = is_number ? std::to_string(number) : std::string(text);
  const auto [place, is_new] = places_.try_emplace(name, static_cast<int64_t>(places_.size()));
  if (is_new) {
    if (places_.size() > static_cast<size_t>(kMaxClasses))
      lines.fail(fmt::format("column {}: more than {} different names; expected a class", shown(column), kMaxClasses));
    numbers_.push_back(is_number ? number : -1);
    if (!is_number && names_++ == 0) {
      column_ = column;
      first_line_ = lines.number();
      first_name_ = name;
    }
  }
  if (!is_number) ++named_rows_;
  labels_.push_back(place->second);
}

void LabelRows::add_missing(const CsvLines& lines, const std::string& column, std::string_view text) {
  if (!places_.empty()) fail_field(lines, lines.number(), column, text, kMaxClasses - 1);
  if (missing_line_ > 0) return;
  missing_line_ = lines.number();
  missing_ = text;
}

std::string LabelRows::withheld() const {
  if (places_.size() == 1 && places_.begin()->first == "?") return "'?'";
  if (missing_line_ == 0) return "";
  return missing_.empty() ? "empty" : fmt::format("'{}'", shown(missing_));
}

bool LabelRows::are_mixed() const {
  constexpr int64_t kShare = 10;  // a tenth of the rows: more than mistakes
  return names_ > 1 && static_cast<int64_t>(places_.size()) > names_ + 1 &&
         named_rows_ * kShare >= static_cast<int64_t>(labels_.size());
}

std::vector<int64_t> LabelRows::take(const CsvLines& lines, Classes& classes) {
  if (!withheld().empty()) return {};
  const bool are_numbers = names_ == 0;
  const bool are_names = names_ == static_cast<int64_t>(places_.size());
  if (!are_numbers && !are_names && !are_mixed()) fail_field(lines, first_line_, column_, first_name_, kMaxClasses - 1);
  std::vector<int64_t> sorted = numbers_;
  if (!are_numbers) {
    for (const auto& [name, place] : places_) {
      sorted[static_cast<size_t>(place)] = static_cast<int64_t>(classes.names.size());
      classes.names.push_back(name);
    }
  }
  for (int64_t& label : labels_) label = sorted[static_cast<size_t>(label)];
  return std::move(labels_);
}

}  // namespace digitrec
