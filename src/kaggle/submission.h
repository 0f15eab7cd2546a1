#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace digitrec {

/// Rows of Kaggle's test file, for a submission that stands alone.
inline constexpr int64_t kDigitRecognizerTestRows = 28'000;

/// `ImageId,Label,p0,...` with ids 1..N. `probabilities`: float32 [N, K].
std::string probabilities_csv(const at::Tensor& probabilities);

/// The sample_submission.csv in `folder`, plain or gzip, if there is one.
std::optional<std::filesystem::path> find_sample_submission(const std::filesystem::path& folder);

/// Rows of a sample submission, whose header and ids are checked on the way. Throws Error.
int64_t count_submission_rows(const std::filesystem::path& path);

/// Reads a submission as Kaggle does and checks it: header, ids 1..N, each once in any order, labels below `classes`,
/// and N = `rows`. Quoted fields, CRLF, blank lines, a byte-order mark and gzip are accepted. Throws Error with the
/// first thing wrong. Returns the labels as they stand in the file.
std::vector<int64_t> check_submission(const std::filesystem::path& path, int64_t rows, int64_t classes);

/// What makes valid labels doubtful: that all are one class, or that a class is missing from 1,000 rows or more. Empty:
/// nothing.
std::string doubt_labels(const std::vector<int64_t>& labels, int64_t classes);

}  // namespace digitrec
