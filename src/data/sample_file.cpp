#include "data/sample_file.h"

#include "core/names.h"
#include "data/archive.h"
#include "data/data_folder.h"

#include <string>
#include <string_view>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

bool is_sample_name(const std::string& file) {
  constexpr std::string_view kBetweenWords = "_- ";
  std::string name = lower_case(file);
  std::erase_if(name, [&](char c) { return kBetweenWords.find(c) != std::string_view::npos; });
  for (const std::string_view ending : {".gz", ".zip"}) {
    if (name.ends_with(ending)) name.erase(name.size() - ending.size());
  }
  return name == "samplesubmission.csv";
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

std::optional<fs::path> find_sample_submission(const fs::path& folder) {
  for (const fs::path& place : {folder.empty() ? fs::path(".") : folder, folder_around(folder)}) {
    if (place.empty()) continue;
    const std::vector<fs::path> samples = DataFolder(place).find(is_sample_name);
    if (!samples.empty()) return samples.front();  // plain before packed
  }
  return std::nullopt;
}

}  // namespace digitrec
