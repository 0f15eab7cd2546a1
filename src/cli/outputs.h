#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec::cli {

/// A file that a command writes, and the flag that names it.
struct Output {
  std::string flag;  ///< "--out"
  std::filesystem::path file;
};

/// The file that a flag's value names: "-" is stdout.
std::filesystem::path output_file(const std::string& value);
/// The same of a file to read: "-" is stdin, which can then be read as a file is (see hold_stdin).
std::string input_file(const std::string& value);

/// Throws UsageError when an output is the same file, by whatever path or link, as one that the command reads or as
/// another output. `inputs`: what the user named, or nothing; of a folder, the files of a data set or a run in it are
/// meant, of a file also the labels, the data files of the usual names and, where it is a run's, the run's files beside
/// it.
void require_apart(const std::vector<Output>& outputs, const std::vector<std::filesystem::path>& inputs);

/// Says "FILE: what" on stdout, or in the log where the file itself went to stdout.
void say_written(const std::filesystem::path& file, std::string_view what);

}  // namespace digitrec::cli
