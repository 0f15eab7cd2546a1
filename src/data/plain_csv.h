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

/// Parses everything, after the first line where `has_header`, in pieces on all threads. Returns nothing when the file
/// is not plain, be it gzip, a blank or a mistake: then the slower reader in csv.cpp takes over, which says what is
/// wrong and where. `label_column`: -1 for none. Labels above `max_label` are not plain.
std::optional<PlainRows> read_plain_rows(const std::filesystem::path& path, int64_t columns, int64_t label_column,
                                         int64_t max_label, bool has_header = true);

}  // namespace digitrec
