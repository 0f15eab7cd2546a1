#include "cli/console.h"

#include "core/names.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <memory>
#include <vector>

namespace digitrec::cli {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto created = std::make_shared<spdlog::logger>("digitrec", sink);
    created->set_pattern("%v");
    created->flush_on(spdlog::level::info);
    created->set_error_handler([](const std::string&) {});  // a full disk must not add lines of its own to stderr
    return created;
  }();
  return *instance;
}

volatile std::sig_atomic_t g_interrupted = 0;
volatile std::sig_atomic_t g_seconds_unheard = 0;
/// What end_unheard prints; set before a signal can come, so that no memory is touched in a handler.
std::string g_last_line;

void keep_signal(int caught) {
  g_interrupted = caught;
  alarm(static_cast<unsigned>(g_seconds_unheard));
}

/// The alarm's handler. The step may hold any lock, so nothing is cleaned up: files are whole or not there at all.
void end_unheard(int /*alarm*/) {
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, g_last_line.data(), g_last_line.size());
  _exit(128 + g_interrupted);
}

/// The nearest of the 24 greys among a terminal's 256 colours.
int grey(int level) { return 232 + level * 23 / 255; }

int descriptor(Stream stream) { return stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO; }

}  // namespace

int terminal_width(Stream stream) {
  winsize size{};
  if (ioctl(descriptor(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool can_redraw(Stream stream) {
  const char* terminal = std::getenv("TERM");
  return isatty(descriptor(stream)) == 1 && (terminal == nullptr || std::string_view(terminal) != "dumb");
}

bool has_colour(Stream stream) {
  const char* no_color = std::getenv("NO_COLOR");
  return can_redraw(stream) && (no_color == nullptr || *no_color == '\0');
}

bool has_unicode() {
  // Asked without setlocale, so that no library of ours begins to write numbers with commas.
  static const bool is_utf8 = [] {
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", nullptr);
    if (locale == nullptr) return false;
    const bool utf8 = std::string_view(nl_langinfo_l(CODESET, locale)) == "UTF-8";
    freelocale(locale);
    return utf8;
  }();
  return is_utf8;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (const size_t size = size_of_format_character(text.substr(i)); size > 0) {
      i += size - 1;
      shown += '?';
      continue;
    }
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xE0) == 0x80;
    if (is_c1) ++i;  // U+0080 to U+009F: terminals take some as the start of a command
    shown += byte < 0x20 || byte == 0x7F || is_c1 ? '?' : text[i];
  }
  return shown;
}

namespace {

/// Bytes of the UTF-8 character there; 1 for a byte that begins none.
size_t character_size(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t size = 1;
  if (byte(at) >= 0xC0) size = byte(at) < 0xE0 ? 2 : byte(at) < 0xF0 ? 3 : 4;
  if (size > text.size() - at) return 1;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 1;
  }
  return size;
}

/// Where a character begins, and in which column. Terminals draw many of those of three bytes two columns wide, so all
/// are counted so.
struct Place {
  size_t byte = 0;
  size_t column = 0;
};

/// Of each character, and of the end.
std::vector<Place> places(std::string_view text) {
  std::vector<Place> found{{}};
  while (found.back().byte < text.size()) {
    const auto [byte, column] = found.back();
    const size_t size = character_size(text, byte);
    found.push_back({byte + size, column + (size < 3 ? 1 : 2)});
  }
  return found;
}

}  // namespace

namespace {

/// The text in at most `columns` columns, with `gap` in place of the middle of a longer one.
std::string without_middle(std::string_view text, size_t columns, std::string_view gap) {
  const std::vector<Place> all = places(text);
  const size_t width = all.back().column;
  if (width <= columns) return std::string(text);
  const size_t half = (columns - std::min(columns, gap.size())) / 2;
  const auto from = [&](size_t column) {
    return std::lower_bound(all.begin(), all.end(), column,
                            [](const Place& place, size_t wanted) { return place.column < wanted; });
  };
  const auto head = std::prev(from(half + 1));  // the last that ends within its half
  const auto tail = from(width - half);
  return fmt::format("{}{}{}", text.substr(0, head->byte), gap, text.substr(tail->byte));
}

constexpr std::string_view kDots = "...";

/// "/home/me/.../runs/best.safetensors:": a path without the folders in its middle; the word itself where it has few.
std::string with_few_folders(const std::string& word) {
  const size_t last = word.rfind('/');
  if (last == std::string::npos || last == 0) return word;
  const size_t from = word.find('/', word.find('/', 1) + 1);  // behind two names, or one of a path from here
  const size_t to = word.rfind('/', last - 1);
  if (to == std::string::npos || to <= from + kDots.size() + 1) return word;
  return word.substr(0, from + 1) + std::string(kDots) + word.substr(to);
}

/// "data/emnist-let...dx3-ubyte:": a path without the middle of its last name; other words as they are.
std::string with_short_name(const std::string& word) {
  constexpr size_t kMaxName = 24;
  const size_t last = word.rfind('/');
  if (last == std::string::npos) return word;
  return word.substr(0, last + 1) + without_middle(word.substr(last + 1), kMaxName, kDots);
}

bool fits(std::string_view line, size_t columns) { return places(line).back().column <= columns; }

/// The line with its longest paths shortened, as many as it takes.
std::string with_short_paths(std::string line, size_t columns, std::string (*short_path)(const std::string&)) {
  constexpr int kMaxPaths = 8;
  for (int i = 0; i < kMaxPaths && !fits(line, columns); ++i) {
    size_t place = 0;
    std::string best;
    for (size_t begin = 0; begin < line.size();) {
      const size_t end = std::min(line.find(' ', begin), line.size());
      const std::string word = line.substr(begin, end - begin);
      if (word.size() > best.size() && short_path(word) != word) {
        best = word;
        place = begin;
      }
      begin = end + 1;
    }
    if (best.empty()) break;
    line.replace(place, best.size(), short_path(best));
  }
  return line;
}

}  // namespace

std::string shorten(std::string_view line, size_t columns) {
  const std::string few_folders = with_short_paths(std::string(line), columns, with_few_folders);
  const std::string short_names = with_short_paths(few_folders, columns, with_short_name);
  return fits(short_names, columns) ? short_names : without_middle(few_folders, columns, " ... ");
}

size_t columns_of(std::string_view text) { return places(text).back().column; }

std::string table_name(std::string_view text) {
  constexpr size_t kMaxName = 24;
  return shorten(printable(text), kMaxName);
}

int table_width(Stream stream) {
  return isatty(descriptor(stream)) == 1 ? terminal_width(stream) : std::numeric_limits<int>::max();
}

std::string half_blocks(const uint8_t* upper, const uint8_t* lower, int64_t width, bool unicode) {
  constexpr std::array<const char*, 4> kBlocks{" ", "▀", "▄", "█"};
  constexpr std::array<const char*, 4> kAscii{" ", "'", ".", ":"};
  const auto& ink = unicode ? kBlocks : kAscii;
  const bool colour = unicode && has_colour(Stream::out);
  std::string line;
  for (int64_t x = 0; x < width; ++x) {
    const uint8_t top = upper[x];
    const uint8_t bottom = lower != nullptr ? lower[x] : uint8_t{0};
    if (colour) {
      fmt::format_to(std::back_inserter(line), "\033[38;5;{};48;5;{}m▀", grey(top), grey(bottom));
    } else {
      line += ink[(top > 127 ? 1U : 0U) + (bottom > 127 ? 2U : 0U)];
    }
  }
  return colour ? line + "\033[0m" : line;
}

std::string in_brackets(std::string_view text) { return text.empty() ? "" : fmt::format(" ({})", text); }

void say(std::string_view text) {
  if (isatty(STDOUT_FILENO) == 0) {
    std::cout << text << '\n';
    return;
  }
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::cout << printable(text.substr(begin, end - begin)) << '\n';
    begin = end + 1;
  }
}

void log(std::string_view line) { logger().info("{}", shorten(printable(line))); }

void warn(std::string_view line) { logger().warn("{}", shorten("warning: " + printable(line))); }

void set_log_file(const std::filesystem::path& path) {
  static spdlog::sink_ptr file;
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    sink->set_pattern("%Y-%m-%d %H:%M:%S %v");
    std::erase(logger().sinks(), file);
    file = std::move(sink);
    logger().sinks().push_back(file);
  } catch (const spdlog::spdlog_ex& error) {
    throw Error(fmt::format("{}: cannot be written: {}", path.string(), error.what()));
  }
}

std::string on_grey(const std::string& text, int level) {
  return fmt::format("\033[38;5;{};48;5;{}m{}\033[0m", grey(level > 127 ? 0 : 255), grey(level), text);
}

std::string format_duration(double seconds) {
  const auto total = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (total >= 3600) return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string format_percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

std::string format_count(double value) { return format_count(static_cast<int64_t>(std::llround(value))); }

std::string format_count(int64_t value) {
  std::string digits = std::to_string(value);
  for (size_t position = digits.size(); position > 3;) {
    position -= 3;
    digits.insert(position, 1, ',');
  }
  return digits;
}

std::string format_count(int64_t value, std::string_view singular, std::string_view plural) {
  return fmt::format("{} {}", format_count(value), value == 1 ? singular : plural);
}

bool is_ignored(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void catch_interrupts(const std::string& last_line, unsigned seconds) {
  // On a terminal the progress line may stand there.
  g_last_line = (isatty(STDERR_FILENO) == 1 ? "\n" : "") + last_line + "\n";
  g_seconds_unheard = static_cast<int>(seconds);
  // A closed pipe on stdout must not end the training.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGALRM, end_unheard);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (is_ignored(signal)) continue;
    struct sigaction action{};
    action.sa_handler = keep_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second Ctrl-C ends the program at once
    sigaction(signal, &action, nullptr);
  }
}

int interrupted() {
  if (g_interrupted != 0) alarm(0);
  return g_interrupted;
}

}  // namespace digitrec::cli
