#pragma once

#include <filesystem>
#include <optional>

namespace digitrec {

/// A competition's sample of a submission, sample_submission.csv, SampleSubmission.csv or else a table of two columns
/// with a like name, plain or packed: in `folder`, which may be a zip archive or lie in one, or else in the folder
/// around that archive, or around one named as the test file in it.
std::optional<std::filesystem::path> find_sample_submission(const std::filesystem::path& folder);

/// Whether it is called sample_submission.csv, and so is meant for the test file beside it for sure.
bool has_usual_sample_name(const std::filesystem::path& file);

}  // namespace digitrec
