#pragma once

#include <string>
#include <vector>

namespace digitrec::cli {

/// A column of a table. Where the lines would be too wide, columns of the highest `rank` are left out first; those of
/// rank 0 never.
struct Column {
  std::string name;
  int width;
  int rank = 0;
  bool is_left = false;  ///< aligned left, as names are; numbers are aligned right
};

/// Lines up the cells of rows that are printed one by one.
class Table {
 public:
  Table(std::vector<Column> columns, int width);

  /// Without trailing white space or a line break.
  std::string header() const;
  /// `cells`: one per column, those left out included.
  std::string row(const std::vector<std::string>& cells) const;

 private:
  std::vector<Column> columns_;
  int max_rank_ = 0;  ///< columns of a higher rank are left out
};

}  // namespace digitrec::cli
