#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace digitrec {

/// The work failed: bad data, no space, a missing device. what() is one line that says what was wrong, where (file,
/// line, column, key), what was expected, and ends with the hint. A setting is named by its key in backquotes, `lr`, as
/// TrainConfig has it; a program that offers it under another name, as the command line does, replaces the key by that.
class Error : public std::runtime_error {
 public:
  /// `what`: one line without the hint; `hint`: what to do, an imperative phrase. what() becomes "what; hint".
  explicit Error(const std::string& what, std::string hint = "")
      : std::runtime_error(hint.empty() ? what : what + "; " + hint), hint_(std::move(hint)) {}

  /// What to do about it; empty where what() says it all.
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

/// The settings are wrong: a command line, a configuration file, a combination of settings that contradict each other.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace digitrec
