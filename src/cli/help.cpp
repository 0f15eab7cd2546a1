#include "cli/help.h"

#include "cli/console.h"

#include <algorithm>
#include <utility>

namespace digitrec::cli {
namespace {

constexpr int kMinBeside = 60;    ///< columns from which a description stands beside its flag
constexpr size_t kColumn = 30;    ///< at which CLI11 begins the descriptions
constexpr size_t kIndent = 6;     ///< of a description below its flag
constexpr size_t kMinWidth = 24;  ///< below it, lines are left to the terminal

}  // namespace

std::string wrap(const std::string& text, size_t first, size_t indent, size_t width) {
  std::string lines;
  size_t column = first;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) continue;
    if (column > indent && column + 1 + word.size() > width) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!lines.empty() && column > indent) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

namespace {

/// Where the description in a line of CLI11's begins; npos for other lines.
size_t description_of(const std::string& line) {
  if (!line.starts_with("  ")) return std::string::npos;
  const size_t name = line.find_first_not_of(' ');
  const size_t gap = line.find("  ", name);
  if (gap != std::string::npos) return line.find_first_not_of(' ', gap);
  // A flag that leaves one blank before the column of the descriptions.
  const bool fills = name < kColumn && line.size() > kColumn && line[name] == '-' && line[kColumn - 1] == ' ';
  return fills ? kColumn : name;
}

std::string wrap_line(const std::string& line, size_t width, bool beside) {
  const size_t text = description_of(line);
  if (text == std::string::npos) return wrap(line, 0, 0, width);
  const size_t name = line.find_first_not_of(' ');
  if (text == name && name < kIndent) return line;  // a flag with its description in the next line, or none
  if (beside) return line.substr(0, text) + wrap(line.substr(text), text, text, width);
  const std::string indent(kIndent, ' ');
  std::string description = indent + wrap(line.substr(text), kIndent, kIndent, width);
  if (text == name) return description;
  return line.substr(0, line.find_last_not_of(' ', text - 1) + 1) + "\n" + description;
}

}  // namespace

std::string wrap_help(const std::string& text, int width) {
  const size_t columns = std::max(kMinWidth, static_cast<size_t>(std::max(0, width)));
  std::string wrapped;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    wrapped += wrap_line(text.substr(begin, end - begin), columns, width >= kMinBeside) + "\n";
    begin = end + 1;
  }
  return wrapped;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string help = wrap_help(CLI::Formatter::make_help(app, std::move(name), mode), terminal_width(Stream::out));
  help.erase(help.find_last_not_of('\n') + 1);
  return help + "\n";
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  const std::string opts = CLI::Formatter::make_option_opts(option);
  return opts.substr(0, opts.find(" Excludes:"));
}

/// What option_text() says of the words that may follow stands in the first line too.
std::string HelpFormatter::make_option_usage(const CLI::Option* option) const {
  const std::string& words = option->get_option_text();
  return words.empty() ? CLI::Formatter::make_option_usage(option) : option->get_name() + " " + words;
}

}  // namespace digitrec::cli
