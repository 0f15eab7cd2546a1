#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace digitrec {

/// The rows of a CSV as plain as Kaggle writes it: every field one to three digits, no blanks, no empty lines.
struct PlainRows {
  at::Tensor pixels;  ///< uint8 [N, columns without the label]
  at::Tensor labels;  ///< int64 [N]; undefined without a label column
};

/// Parses everything behind the first line, in pieces on all threads, each byte looked at once. Gives nothing where a
/// byte is other than plain, be it gzip, a blank or a mistake: the reader in csv.cpp, slower and exact about what is wrong
/// and where, then has the file. `label_column`: -1 for none. Labels above `max_label` are not plain.
std::optional<PlainRows> read_plain_rows(const std::filesystem::path& path, int64_t columns, int64_t label_column,
                                         int64_t max_label);

}  // namespace digitrec
