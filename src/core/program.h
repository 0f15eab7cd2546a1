#pragma once

#include <string>
#include <vector>

namespace digitrec {

/// How a program ended, and what it wrote.
struct ProgramAnswer {
  bool is_missing = false;  ///< it is not on PATH, and nothing was run
  bool succeeded = false;   ///< it exited with status 0
  std::string output;       ///< stdout and stderr together, without white space at the end
};

/// Runs a program found on PATH, without a shell, and waits for its end. arguments[0] is its name. Throws Error when it
/// exists but cannot be started.
ProgramAnswer run_program(const std::vector<std::string>& arguments);

/// The last line of a text, which is where most programs say what went wrong.
std::string last_line(const std::string& text);

}  // namespace digitrec
