#include "data/sample_file.h"

#include "core/names.h"
#include "data/archive.h"
#include "data/csv_lines.h"
#include "data/csv_text.h"
#include "data/data_folder.h"
#include "digitrec/core/error.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// The name in lower case without what stands between words, or says how the file is packed or that it is the second.
std::string plain_name(const fs::path& file) {
  constexpr std::string_view kBetweenWords = "_- .()0123456789";
  std::string name = lower_case(file.filename().string());
  std::erase_if(name, [&](char c) { return kBetweenWords.find(c) != std::string_view::npos; });
  for (const std::string_view ending : {"gz", "zip", "txt", "csv"}) {
    if (name.ends_with(ending)) name.erase(name.size() - ending.size());
  }
  return name;
}

/// Such as mnist_sample_submission.csv, sample_sub.csv, submission_format.csv.
bool has_name_of_sample(const fs::path& file) {
  constexpr std::array<std::string_view, 6> kWords{"sample", "example", "format", "template", "random", "gender"};
  const std::string name = plain_name(file);
  if (name == "sample" || name == "samplesub" || name == "samplesolution") return true;
  return name.find("submission") != std::string::npos &&
         std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

/// Whether a table has an id and a label in each row, as a submission has.
bool has_two_columns(const fs::path& file) {
  try {
    CsvLines lines(file);
    const char* header = lines.first();
    if (header == nullptr) return false;
    Fields fields(header, find_separator(header));
    fields.next();
    if (fields.at_end()) return false;
    fields.next();
    return fields.at_end();
  } catch (const Error&) {
    return false;  // whatever it is, it is no such table
  }
}

/// The folder in which what is in `folder` would lie were it not packed; empty where there is none.
fs::path folder_around(const fs::path& folder) {
  fs::path inner = folder;
  if (const auto place = split_archive_path(folder)) inner = place->archive;
  const bool is_packed = inner != folder || is_archive(folder);
  const bool is_of_test = lower_case(inner.filename().string()).starts_with("test");
  if (!is_packed && !is_of_test) return {};
  return inner.has_parent_path() ? inner.parent_path() : fs::path(".");
}

}  // namespace

bool has_usual_sample_name(const fs::path& file) { return plain_name(file) == "samplesubmission"; }

std::optional<fs::path> find_sample_submission(const fs::path& folder) {
  for (const fs::path& place : {folder.empty() ? fs::path(".") : folder, folder_around(folder)}) {
    if (place.empty()) continue;
    const DataFolder files(place);
    std::vector<fs::path> samples;
    for (const fs::path& file : files.files()) {
      if (has_name_of_sample(file)) samples.push_back(file);
    }
    const auto usual = std::find_if(samples.begin(), samples.end(), has_usual_sample_name);
    if (usual != samples.end()) return *usual;  // the first: plain before packed
    const auto other = std::find_if(samples.begin(), samples.end(), has_two_columns);
    if (other != samples.end()) return *other;
  }
  return std::nullopt;
}

}  // namespace digitrec
