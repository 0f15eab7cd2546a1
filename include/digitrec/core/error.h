#pragma once

#include <stdexcept>

namespace digitrec {

/// The work failed: bad data, no space, a missing device. The message is one line that says what was wrong, where
/// (file, line, column, key), what was expected and what to do. The command line exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The command line or a configuration file is wrong. The command line exits with 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace digitrec
