#pragma once

#include <filesystem>
#include <string>

namespace digitrec {

/// Hands `file` to the official `kaggle` program on PATH (`competitions submit -c digit-recognizer`) and returns what
/// it printed. Throws Error with a hint when the program is missing or its output names a missing token or rules that
/// were not accepted, and with its last line when it fails otherwise.
std::string submit_to_kaggle(const std::filesystem::path& file, const std::string& message);

}  // namespace digitrec
