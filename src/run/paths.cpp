#include "run/paths.h"

#include "checkpoint/safetensors.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMemberPrefix = "member-";

}  // namespace

RunPaths RunPaths::member(int64_t number) const { return folder_ / fmt::format("{}{:02}", kMemberPrefix, number); }

std::vector<fs::path> RunPaths::files() const {
  return {best(),   last(),    state(), previous_file(best()), previous_file(state()), metrics(),
          config(), summary(), log()};
}

std::vector<RunPaths> RunPaths::members() const {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with(kMemberPrefix) && entry->is_directory(ignored)) {
      folders.push_back(entry->path());
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw Error(fmt::format("{}: cannot be read: {}", name(), error.message()));
  std::sort(folders.begin(), folders.end(), [](const fs::path& a, const fs::path& b) {
    return a.string().size() != b.string().size() ? a.string().size() < b.string().size() : a < b;  // 99 before 100
  });
  return {folders.begin(), folders.end()};
}

std::vector<RunPaths> member_paths(const RunPaths& run, const TrainConfig& config) {
  const int64_t count = config.member == 0 ? count_members(config) : 1;
  if (count == 1) return {run};
  std::vector<RunPaths> members;
  for (int64_t number = 1; number <= count; ++number) members.push_back(run.member(number));
  return members;
}

bool has_run_file_name(const fs::path& checkpoint) {
  const RunPaths run(checkpoint.parent_path());
  return checkpoint == run.best() || checkpoint == run.last();
}

}  // namespace digitrec
