// What columns are once their values are known, which no name has told.
#include "data/column_names.h"
#include "data/csv_columns.h"

#include <algorithm>

namespace digitrec {
namespace {

void leave_out(CsvColumns& columns, int64_t column) {
  columns.left_out.push_back(column);
  std::sort(columns.left_out.begin(), columns.left_out.end());
}

}  // namespace

void add_row_names(CsvColumns& columns) {
  columns.names.insert(columns.names.begin(), "");
  if (columns.label >= 0) ++columns.label;
  if (columns.id >= 0) ++columns.id;
  for (int64_t& column : columns.left_out) ++column;
  columns.left_out.insert(columns.left_out.begin(), 0);
}

void leave_out_label(CsvColumns& columns) {
  leave_out(columns, columns.label);
  columns.label = -1;
  columns.is_label_supposed = false;
}

void suppose_id(CsvColumns& columns) {
  if (columns.id >= 0) return;
  const auto found = std::find_if(columns.left_out.begin(), columns.left_out.end(), [&](int64_t column) {
    const std::string& name = columns.names[static_cast<size_t>(column)];
    return is_row_name(name) || is_index_name(name);
  });
  if (found == columns.left_out.end()) return;
  columns.id = *found;
  columns.is_id_supposed = true;
  columns.left_out.erase(found);
}

void leave_out_id(CsvColumns& columns) {
  leave_out(columns, columns.id);
  columns.id = -1;
  columns.is_id_supposed = false;
}

void move_label_to_end(CsvColumns& columns) {
  int64_t last = columns.count() - 1;
  while (columns.is_left_out(last) || last == columns.id) --last;
  columns.label = last;
}

}  // namespace digitrec
