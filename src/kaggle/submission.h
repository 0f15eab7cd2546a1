#pragma once

#include "data/csv_writer.h"
#include "data/sample_file.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// Rows of Kaggle's test file, for a submission that stands alone.
inline constexpr int64_t kDigitRecognizerTestRows = 28'000;

/// `ImageId,Label,p0,...`, a row for each image. `probabilities`: float32 [N, K].
std::string probabilities_csv(const at::Tensor& probabilities, const SubmissionNames& names = {});

/// What a competition expects of a submission.
struct SampleSubmission {
  std::string id = "ImageId";   ///< name of the column of ids
  std::string label = "Label";  ///< name of the column of labels
  int64_t rows = 0;
  std::vector<std::string> ids{};  ///< of the test images
};

/// Reads a sample_submission.csv. Throws Error.
SampleSubmission read_sample_submission(const std::filesystem::path& path);

/// Whether a sample's ids are 1, 2, 3, ... in whatever order, as those of rows that a test file does not name are.
bool counts_rows(const SampleSubmission& sample);

/// What the Digit Recognizer competition expects.
SampleSubmission digit_recognizer_sample();

/// A submission that Kaggle would take: an id and a label in each row.
struct Submission {
  std::vector<std::string> ids{};
  std::vector<int64_t> labels{};
};

/// Reads a submission, plain, gzip or zip, and checks what Kaggle checks: the header, each id once in whatever order,
/// labels below `classes`. Throws Error with the first thing wrong.
Submission check_submission(const std::filesystem::path& path, const SampleSubmission& sample, int64_t classes);

/// What makes the ids of test images doubtful: one that is empty, that occurs twice, or that the sample lacks. Empty:
/// nothing. `ids`: empty for 1, 2, 3, ... `sample`: null where none is known.
std::string doubt_ids(const std::vector<std::string>& ids, const SampleSubmission* sample);

/// What makes a valid submission's order doubtful: the rows of a test file with ids stand in another, as they would
/// where rows were numbered in place of taking their ids. Empty: nothing. `test_ids`: of the test file, in its order.
std::string doubt_order(const Submission& submission, const std::vector<std::string>& test_ids);

/// What makes valid labels doubtful: that all are one class, or that a class is missing from 1,000 rows or more. Empty:
/// nothing.
std::string doubt_labels(const std::vector<int64_t>& labels, int64_t classes);

}  // namespace digitrec
