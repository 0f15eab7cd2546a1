#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace digitrec {

/// The text without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// The text without the quotes around it, as R's write.csv and others put them, also single ones.
std::string_view unquoted(std::string_view text);

/// The text that a field stands for: without the quotes around it, and with one for each two in it (RFC 4180).
std::string unescaped(std::string_view field);

/// Whether the text is a whole number, also as a real (5.0), and which.
bool parse_whole(std::string_view text, int64_t& value);

/// Whether the text is a number, also with a decimal comma (0,5), and which.
bool parse_real(std::string_view text, double& value);

/// A field as a message shows it: cut off after 24 characters, and with ? for each byte that cannot be printed.
std::string shown(std::string_view field);

/// What stands between two fields: the most frequent outside of quotes of comma, semicolon, tab and vertical bar, or
/// blanks where there is none of them. Commas may be those of the numbers where another one is as frequent.
char find_separator(std::string_view line);

/// Takes the fields of a line from left to right, each without blanks at its ends; quotes stay. Several blanks are one
/// separator.
class Fields {
 public:
  Fields(std::string_view line, char separator);

  /// Whether all fields are taken.
  bool at_end() const { return at_end_; }
  std::string_view next();
  /// Takes the next field if it is a number of up to three digits, at most `max`, and not the last: most fields are.
  /// Else nothing happens.
  bool take_number(int64_t max, int64_t& value);

 private:
  std::string_view rest_;
  char separator_;
  bool at_end_ = false;
};

}  // namespace digitrec
