#include "data/csv_lines.h"

#include "core/file_kind.h"
#include "data/byte_stream.h"
#include "data/csv_text.h"
#include "data/utf16.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace digitrec {
namespace {

enum class Encoding { unknown, utf8, utf16_little, utf16_big };

/// By the byte-order mark, or else by the zero that each ASCII character has in UTF-16: an even number of bytes of
/// which every second one, and no other, is zero.
Encoding encoding_of(std::string_view beginning) {
  if (beginning.starts_with("\xff\xfe")) return Encoding::utf16_little;
  if (beginning.starts_with("\xfe\xff")) return Encoding::utf16_big;
  constexpr size_t kEnough = 8;
  if (beginning.size() < kEnough) return Encoding::utf8;
  std::array<size_t, 2> zeros{};
  for (size_t i = 0; i < beginning.size(); ++i) zeros[i % 2] += beginning[i] == '\0' ? 1 : 0;
  if (zeros[0] == 0 && zeros[1] == beginning.size() / 2) return Encoding::utf16_little;
  if (zeros[1] == 0 && zeros[0] == (beginning.size() + 1) / 2) return Encoding::utf16_big;
  return Encoding::utf8;
}

/// The source of LineReader's blocks. A NUL byte, which is in no text, would look like the end of a line.
class TextSource final : public io::ByteSourceBase {
 public:
  TextSource(const std::filesystem::path& path, CsvLines::Mending mending, std::shared_ptr<bool> is_utf16)
      : stream_(path), is_mended_(mending == CsvLines::Mending::usual), is_utf16_(std::move(is_utf16)) {}

  int read(char* buffer, int size) override {
    size_t count = 0;
    const bool is_first = encoding_ == Encoding::unknown;
    if (is_first) count = begin(buffer, static_cast<size_t>(size));
    const size_t room = static_cast<size_t>(size) - count;
    count += encoding_ == Encoding::utf8 ? stream_.read(buffer + count, room) : read_utf16(buffer + count, room);
    if (std::memchr(buffer, '\0', count) != nullptr) refuse();
    if (is_first) ends_with_cr_ = is_mended_ && std::memchr(buffer, '\n', count) == nullptr;
    if (ends_with_cr_) std::replace(buffer, buffer + count, '\r', '\n');
    if (count > 0) last_ = buffer[count - 1];
    if (is_mended_ && 0 < count && count < static_cast<size_t>(size) && last_ == kCtrlZ)
      buffer[count - 1] = last_ = '\n';
    // The last line gets its line break if it has none: the LineReader of 2016, which distributions ship, looks for one
    // a byte past the end, where an earlier block may have left one.
    if (count < static_cast<size_t>(size) && last_ != '\n') buffer[count++] = last_ = '\n';
    return static_cast<int>(count);
  }

 private:
  /// Reads the beginning, which says what the file is. Returns how many bytes of text it has put into the buffer.
  size_t begin(char* buffer, size_t size) {
    beginning_.resize(kFileKindBytes);
    beginning_.resize(stream_.read(beginning_.data(), beginning_.size()));
    encoding_ = encoding_of(beginning_);
    *is_utf16_ = encoding_ != Encoding::utf8;
    if (*is_utf16_) {
      utf16_.emplace(encoding_ == Encoding::utf16_little);
      waiting_ = utf16_->decode(std::string_view(beginning_).substr(has_utf16_mark(beginning_) ? 2 : 0));
      return 0;
    }
    if (!file_kind(beginning_).name.empty() || beginning_.size() > size) refuse();
    std::memcpy(buffer, beginning_.data(), beginning_.size());
    return beginning_.size();
  }

  [[noreturn]] void refuse() const {
    const FileKind kind = file_kind(beginning_);
    throw Error(fmt::format("{}: {}; expected comma-separated values with a header", stream_.path().string(),
                            kind.name.empty() ? "not a text file" : kind.name),
                std::string(kind.hint));
  }

  size_t read_utf16(char* buffer, size_t size) {
    constexpr size_t kPiece = 1 << 16;
    while (waiting_.size() < size) {
      std::string piece(kPiece, '\0');
      piece.resize(stream_.read(piece.data(), piece.size()));
      if (piece.empty()) break;
      waiting_ += utf16_->decode(piece);
    }
    const size_t count = std::min(size, waiting_.size());
    std::memcpy(buffer, waiting_.data(), count);
    waiting_.erase(0, count);
    return count;
  }

  static constexpr char kCtrlZ = '\x1a';  ///< the end of a text in CP/M and DOS

  ByteStream stream_;
  bool is_mended_;
  std::shared_ptr<bool> is_utf16_;
  Encoding encoding_ = Encoding::unknown;
  std::string beginning_;  ///< of the file, as it is
  std::optional<Utf16Decoder> utf16_{};
  std::string waiting_;  ///< turned into UTF-8, and not yet handed on
  char last_ = '\n';
  bool ends_with_cr_ = false;  ///< lines, as on Macs up to 2001
};

/// A line that is one field in quotes, as spreadsheets save a column of whole lines; others stay.
char* without_quotes_of_line(char* line) {
  if (line == nullptr || line[0] != '"') return line;
  const size_t size = std::strlen(line);
  const bool is_one_field = size > 2 && line[size - 1] == '"' && std::strchr(line + 1, '"') == line + size - 1;
  if (!is_one_field || std::strpbrk(line, ",;\t|") == nullptr) return line;
  line[size - 1] = '\0';
  return line + 1;
}

/// The line without the carriage returns at its end: Python's csv.writer, given a text file of Windows, ends lines with
/// two and a line feed, of which the reader takes one off.
char* without_returns(char* line) {
  if (line == nullptr) return line;
  for (size_t size = std::strlen(line); size > 0 && line[size - 1] == '\r'; --size) line[size - 1] = '\0';
  return line;
}

}  // namespace

CsvLines::CsvLines(const std::filesystem::path& path, Mending mending)
    : name_(path.string()),
      mending_(mending),
      is_utf16_(std::make_shared<bool>(false)),
      reader_(name_, std::make_unique<TextSource>(path, mending, is_utf16_)) {}

char* CsvLines::first() {
  constexpr size_t kMaxComments = 16;
  const auto is_comment = [](std::string_view line) {
    const std::string_view text = trimmed(line);
    return text.starts_with('#') || text.starts_with('%');
  };
  const auto is_no_table = [](std::string_view line) {
    constexpr size_t kLongest = 8;  // "sep=;", which may be quoted
    const std::string_view text = trimmed(line);
    return text.empty() || (text.size() < kLongest && unquoted(text).starts_with("sep="));
  };
  char* line = next();
  for (; line != nullptr && (is_comment(line) || is_no_table(line)); line = next()) {
    if (!is_comment(line)) continue;
    if (comments_.size() == kMaxComments) comments_.erase(comments_.begin());
    comments_.push_back({line, number_});
  }
  return line;
}

std::string_view CsvLines::Comment::inner() const {
  const size_t begin = text.find_first_not_of(" \t#%");
  return begin == std::string::npos ? std::string_view() : std::string_view(text).substr(begin);
}

char* CsvLines::next() {
  ++number_;
  try {
    char* line = reader_.next_line();
    return mending_ == Mending::usual ? without_quotes_of_line(without_returns(line)) : line;
  } catch (const io::error::line_length_limit_exceeded&) {
    fail(kLineTooLong);
  }
}

void CsvLines::fail(std::string_view message, std::string hint) const {
  throw Error(fmt::format("{}:{}: {}", name_, number_, message), std::move(hint));
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t,;|") == std::string_view::npos; }

}  // namespace digitrec
