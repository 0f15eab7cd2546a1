#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Which column of a CSV of images holds what, by its first line.
struct CsvColumns {
  char separator = ',';
  bool has_header = true;
  std::string header{};             ///< the line itself
  std::string first_row{};          ///< the row that the header is, where a program took one for it; else empty
  std::vector<std::string> names;   ///< of all columns
  int64_t label = -1;               ///< the column of the labels; -1: none
  bool is_label_guessed = false;    ///< no name says that it is; it may as well be the last one
  bool is_label_supposed = false;   ///< it is the only column beside numbered pixels; its values have to be looked at
  int64_t id = -1;                  ///< the column that numbers the rows for a submission; -1: none
  bool is_id_supposed = false;      ///< only its name says so; its values have to be looked at
  std::vector<int64_t> left_out{};  ///< columns of no use, ascending
  int64_t packed = -1;              ///< the field of a line that holds all pixels; -1: each has its own
  int64_t image_size = 0;           ///< S: there are S x S columns of pixels
  /// For each pixel, row by row, its place among the columns of pixels; empty where they stand in that order.
  std::vector<int64_t> order{};

  int64_t count() const { return static_cast<int64_t>(names.size()); }
  bool is_left_out(int64_t column) const;
  /// Whether a line is the header, which stands again in a file that was put together of several.
  bool is_header(std::string_view line) const { return has_header && line == header; }
  /// A line, or in `buffer` the row that it stands for: as the header, or with its pixels in one field.
  std::string_view row_of(std::string_view line, std::string& buffer) const;
  /// Whether there are pixels, and a label or none, with commas between them.
  bool are_plain() const { return separator == ',' && id < 0 && left_out.empty() && first_row.empty() && packed < 0; }
};

/// What is wrong with a first line, and what to do; does not return.
using FailHeader = std::function<void(const std::string& message, const std::string& hint)>;

/// Finds the columns by the first line of a file.
///
/// The label is named label, class, target or y, in any case; an id is named `id_name`, or without such a column id or
/// ImageId. The numbers in the other
/// names say which pixel stands where: pixel0 to pixel783, or rows and columns as in 1x1 to 28x28; names without
/// numbers hold their pixels in order. What is named like an index, or like no pixel where the others are numbered, is
/// left out; where it is the only one, it is supposed to be the label. A line of numbers is no header, and an image of
/// at least 8 x 8 pixels; where it has one number more, and where all names are alike, the first column is guessed to
/// be the label.
///
/// `fail`, which has to throw, is called for names that fit no order and for pixels that make no square.
CsvColumns find_csv_columns(std::string_view line, const FailHeader& fail, const std::string& id_name = "");

/// Adds a column before the others, which holds the names of the rows, as R's write.table gives them without a name in
/// the header.
void add_row_names(CsvColumns& columns);

/// Leaves out the supposed label.
void leave_out_label(CsvColumns& columns);

/// Where no column is the id, supposes that the first of those left out is it that is named as rows are, row_id, uuid,
/// or as an index, which rows keep that were shuffled.
void suppose_id(CsvColumns& columns);

/// Leaves out the supposed id.
void leave_out_id(CsvColumns& columns);

/// Makes the last column the label instead of the guessed one.
void move_label_to_end(CsvColumns& columns);

/// What is not as in Kaggle's files: "label: column class, the last; left out: Unnamed: 0". Empty: nothing.
std::string describe_columns(const CsvColumns& columns);

}  // namespace digitrec
