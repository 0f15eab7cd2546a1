#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace digitrec::cli {

/// `text` in lines of up to `width`, broken at blanks; the first begins at column `first`, the others at `indent`.
std::string wrap(const std::string& text, size_t first, size_t indent, size_t width);

/// Help that fits `width` columns: descriptions are wrapped beside their flags, or where there are fewer than 60
/// columns, below them. `text` is what CLI11 prints: "  --flag TYPE      what it does" a line.
std::string wrap_help(const std::string& text, int width);

/// CLI11's help, as wide as the terminal, without the lists of flags that exclude each other.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_usage(const CLI::Option* option) const override;
};

}  // namespace digitrec::cli
