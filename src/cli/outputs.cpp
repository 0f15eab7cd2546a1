#include "cli/outputs.h"

#include "cli/console.h"
#include "core/atomic_file.h"
#include "core/held_stdin.h"
#include "data/formats.h"
#include "data/source_files.h"
#include "digitrec/core/error.h"
#include "kaggle/submission.h"
#include "run/paths.h"

#include <spdlog/fmt/fmt.h>

#include <sys/stat.h>

#include <algorithm>

namespace digitrec::cli {

namespace fs = std::filesystem;

namespace {

void add(std::vector<fs::path>& files, const std::vector<fs::path>& more) {
  files.insert(files.end(), more.begin(), more.end());
}

/// Files in the folder that have the usual names of a data set, whether or not this one is read.
std::vector<fs::path> usual_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const DataFormat& format : data_formats()) {
    for (const auto* names : {&format.train_files, &format.test_files}) {
      for (const std::string& name : *names) {
        if (const auto file = find_plain_or_gzip(folder, name)) files.push_back(*file);
      }
    }
  }
  if (const auto sample = find_sample_submission(folder)) files.push_back(*sample);
  return files;
}

bool is_run(const fs::path& folder) {
  const RunPaths run(folder);
  return fs::exists(run.config()) || fs::exists(run.best());
}

/// The files that a command reads, or may read, where its user has named `input`.
std::vector<fs::path> files_of(const fs::path& input) {
  std::vector<fs::path> files{input};
  if (!fs::is_directory(input)) {
    const fs::path folder = input.has_parent_path() ? input.parent_path() : fs::path(".");
    add(files, files_read_from(input));
    add(files, usual_files(folder));
    const std::vector<fs::path> of_run = RunPaths(folder).files();
    const bool is_of_run = std::any_of(of_run.begin(), of_run.end(),
                                       [&](const fs::path& file) { return file.filename() == input.filename(); });
    if (is_of_run) add(files, of_run);
    return files;
  }
  // What a run's folder holds besides, its report's figures among it, is no data.
  if (!is_run(input)) add(files, files_read_from(input));
  add(files, usual_files(input));
  const RunPaths run(input);
  add(files, run.files());
  for (const RunPaths& member : run.members()) add(files, member.files());
  return files;
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  struct stat first{};
  struct stat second{};
  const bool a_exists = ::stat(a.c_str(), &first) == 0;
  if (a_exists != (::stat(b.c_str(), &second) == 0)) return false;
  // A terminal and /dev/null are read and written without harm.
  if (a_exists) return first.st_dev == second.st_dev && first.st_ino == second.st_ino && !S_ISCHR(first.st_mode);
  return fs::weakly_canonical(fs::absolute(follow_links(a))) == fs::weakly_canonical(fs::absolute(follow_links(b)));
}

}  // namespace

fs::path output_file(const std::string& value) { return value == "-" ? "/dev/stdout" : value; }

std::string input_file(const std::string& value) {
  if (value != "-") return value;
  hold_stdin();
  return "/dev/stdin";
}

void require_apart(const std::vector<Output>& outputs, const std::vector<fs::path>& inputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [flag, file] = outputs[i];
    for (size_t j = 0; j < i; ++j) {
      if (!is_same_file(file, outputs[j].file)) continue;
      throw UsageError(fmt::format("{}: {} is the same file as {}", flag, file.string(), outputs[j].flag),
                       "name another");
    }
    for (const fs::path& input : inputs) {
      if (input.empty()) continue;  // a flag that was not given
      for (const fs::path& read : files_of(input)) {
        if (!is_same_file(file, read)) continue;
        throw UsageError(fmt::format("{}: {} is the same file as the input {}", flag, file.string(), read.string()),
                         "name another");
      }
    }
  }
}

void say_written(const fs::path& file, std::string_view what) {
  if (is_stdout(file)) return log(fmt::format("written {}", what));
  say(fmt::format("{}: {}", file.string(), what));
}

}  // namespace digitrec::cli
