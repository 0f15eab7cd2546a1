#include "cli/table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace digitrec::cli {
namespace {

constexpr int kGap = 2;

int width_up_to(const std::vector<Column>& columns, int rank) {
  int width = -kGap;
  for (const Column& column : columns) width += column.rank <= rank ? column.width + kGap : 0;
  return width;
}

}  // namespace

Table::Table(std::vector<Column> columns, int width) : columns_(std::move(columns)) {
  for (const Column& column : columns_) max_rank_ = std::max(max_rank_, column.rank);
  while (max_rank_ > 0 && width_up_to(columns_, max_rank_) > width) --max_rank_;
}

std::string Table::header() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.name);
  return row(names);
}

std::string Table::row(const std::vector<std::string>& cells) const {
  std::string line;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.rank > max_rank_) continue;
    if (!line.empty()) line.append(kGap, ' ');
    line +=
        column.is_left ? fmt::format("{:<{}}", cells[i], column.width) : fmt::format("{:>{}}", cells[i], column.width);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace digitrec::cli
