#pragma once

#include <filesystem>
#include <string>

namespace digitrec {

/// Hands `file` to the official `kaggle` program on PATH (`competitions submit -c digit-recognizer`) and returns what
/// it answered. Throws Error, saying what to do, when the program is missing or its answer speaks of a missing token or
/// of rules that were not accepted, and with its last line when it fails otherwise.
std::string submit_to_kaggle(const std::filesystem::path& file, const std::string& message);

}  // namespace digitrec
