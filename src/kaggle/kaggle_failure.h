#pragma once

#include "core/program.h"

#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Why Kaggle's program failed.
struct KaggleFailure {
  enum class Kind { cannot_start, unreachable, no_token, rules, not_found, limit, busy, down, refused, unknown };
  Kind kind = Kind::unknown;
  std::string what;
  std::string hint;
};

/// What Kaggle's program wrote, without its progress bars, warnings and blank lines. A bar's 401kB/s is no 401.
std::vector<std::string> telling_lines(std::string_view output);

/// Reads why the program failed, by its own sentences and the HTTP statuses that it reports.
KaggleFailure explain_failure(const ProgramAnswer& answer);

}  // namespace digitrec
