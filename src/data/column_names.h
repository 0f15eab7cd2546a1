#pragma once

#include <string>

namespace digitrec {

// What the names of a table's columns say, in any case.

/// What people call the labels, in any case.
bool is_label_name(const std::string& name);

/// What they may be called where no column has a name as above. After merging two tables pandas has label_x and
/// label_y.
bool is_other_label_name(const std::string& name);

/// Whether a name is a label's with a number: label_0, as one of several columns that are 1 for one class each.
bool is_one_hot_name(const std::string& name);

/// What competitions call the number of a row.
bool is_id_name(const std::string& name);

/// What people call the name or number of a row where no column is an id by its name: row_id, SampleID, filename, uuid.
bool is_row_name(const std::string& name);

/// What programs call their own number of a row, which is of no use to others: pandas leaves it nameless, and reads
/// that back as "Unnamed: 0".
bool is_index_name(const std::string& name);

/// Columns of whole numbers that are no labels.
bool is_no_label_name(const std::string& name);

/// What people call the file or the path of a picture.
bool is_file_name(const std::string& name);

}  // namespace digitrec
