#pragma once

#include <csv.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// The lines of a text file by fast-cpp-csv-parser's reader, with their numbers and errors in our words. Unpacks gzip,
/// reads from a zip archive (see ByteStream), turns UTF-16, also without a byte-order mark, into UTF-8, and takes the
/// line ends of old Macs (CR alone) and DOS's Ctrl-Z at the end. Refuses what is no text, naming what it is.
class CsvLines {
 public:
  enum class Mending {
    usual,  ///< what programs put around a table's lines is taken off: quotes around each, a Ctrl-Z, carriage returns
    none    ///< for files that are handed on as they are
  };

  explicit CsvLines(const std::filesystem::path& path, Mending mending = Mending::usual);

  /// The first line of the table: not blank, no comment (# ... or % ...), and not the separator as Excel writes it
  /// (sep=;). nullptr where there is none.
  char* first();

  /// A comment before the first line.
  struct Comment {
    std::string text{};  ///< the whole line
    int64_t number = 0;  ///< of the line

    /// Without the mark that makes it a comment.
    std::string_view inner() const;
  };
  /// The comments that first() has passed; of many only the last.
  const std::vector<Comment>& comments() const { return comments_; }

  /// The next line without its line break, or nullptr at the end.
  char* next();

  /// Throws Error with the file and the number of the line.
  [[noreturn]] void fail(std::string_view message, std::string hint = "") const;

  int64_t number() const { return number_; }
  const std::string& name() const { return name_; }
  bool is_utf16() const { return *is_utf16_; }

 private:
  std::string name_;
  Mending mending_;
  std::shared_ptr<bool> is_utf16_;
  io::LineReader reader_;
  int64_t number_ = 0;
  std::vector<Comment> comments_{};
};

inline constexpr std::string_view kLineTooLong = "the line is longer than a label and 256 x 256 pixels can be";

/// Whether a line holds nothing but blanks and separators, as Excel saves rows that were emptied.
bool is_blank(std::string_view line);

}  // namespace digitrec
