#pragma once

#include "digitrec/data/source.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

enum class Labels {
  required,  ///< a file without a column of labels is an error
  optional,  ///< read where there is such a column
  ignored,   ///< a column of labels may be there and is skipped
};

/// Reads images as Kaggle and others write them: a header, then one row per image of S*S pixels 0-255, row by row, with
/// the class in the column named label, class, target or y, wherever it stands. Plain or gzip; a byte-order mark, CRLF,
/// blank lines, quoted fields and whole numbers written as reals are accepted. S is found from the number of columns
/// and is at most kMaxImageSize. Without a header S is 8 or more; where there is a number more than pixels, the label
/// stands before them, or behind them if the first column never changes and the last one does.
///
/// `max_rows` > 0 stops after that many rows. `id_name`: the column of the ids where there is one of that name; else it
/// is named id or ImageId, or as rows are (row_id, uuid) with another value in each. Throws Error with file, line and
/// column for anything else.
Dataset read_csv(const std::filesystem::path& path, Labels labels, int64_t max_rows = 0,
                 const std::string& id_name = "");

/// A row of a table of two columns, as the file has it.
struct IdLabelRow {
  int64_t line = 0;
  std::string id;
  std::string label;
};

/// A submission, or the labels that `data synth` writes for its test rows.
struct IdLabelTable {
  std::string id_name;  ///< of the first column: "ImageId"
  std::string label_name;
  std::string header;  ///< the line itself
  bool is_utf16 = false;
  std::vector<IdLabelRow> rows;
};

/// Reads such a table, whatever its names. `is_exact`: as Kaggle reads it, which mends nothing. Throws Error for other
/// than two fields in a line.
IdLabelTable read_id_labels(const std::filesystem::path& path, bool is_exact = false);

/// The label of a row as a number. Throws Error with file and line.
int64_t whole_label(const IdLabelTable& table, const IdLabelRow& row, const std::filesystem::path& path);

/// The labels of a table whose ids run 1, 2, 3, ... in this order. Throws Error.
std::vector<int64_t> read_ordered_labels(const std::filesystem::path& path);

/// The test_labels.csv beside a test.csv, as `data synth` writes it; empty where there is none.
std::filesystem::path find_test_labels(const std::filesystem::path& images);

/// read_csv with the labels that the purpose needs, and the ids that a sample_submission.csv beside the file names.
/// Purpose::evaluate takes those of a test.csv from its find_test_labels(). Throws Error.
Dataset load_csv(const std::filesystem::path& path, Purpose purpose, int64_t max_rows);

}  // namespace digitrec
