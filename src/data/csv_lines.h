#pragma once

#include <csv.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace digitrec {

/// The lines of a text file by fast-cpp-csv-parser's reader, with their numbers and errors in our words. Unpacks gzip,
/// reads from a zip archive (see ByteStream), turns UTF-16, also without a byte-order mark, into UTF-8, and takes the
/// line ends of old Macs (CR alone) and DOS's Ctrl-Z at the end. Refuses what is no text, naming what it is.
class CsvLines {
 public:
  explicit CsvLines(const std::filesystem::path& path);

  /// The first line of the table: not blank, no comment (# ... or % ...), and not the separator as Excel writes it
  /// (sep=;). nullptr where there is none.
  char* first();
  /// The next line without its line break, or nullptr at the end.
  char* next();

  /// Throws Error with the file and the number of the line.
  [[noreturn]] void fail(std::string_view message, std::string hint = "") const;

  int64_t number() const { return number_; }
  const std::string& name() const { return name_; }
  bool is_utf16() const { return *is_utf16_; }

 private:
  std::string name_;
  std::shared_ptr<bool> is_utf16_;
  io::LineReader reader_;
  int64_t number_ = 0;
};

inline constexpr std::string_view kLineTooLong = "the line is longer than a label and 256 x 256 pixels can be";

/// Whether a line holds nothing but blanks and separators, as Excel saves rows that were emptied.
bool is_blank(std::string_view line);

}  // namespace digitrec
