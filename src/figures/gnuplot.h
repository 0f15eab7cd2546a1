#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace digitrec {

/// A figure to draw: a template of gnuplot_templates/ with its values and tables.
class Figure {
 public:
  /// `name`: of the files, without ending. Sizes in pixels of the SVG file.
  Figure(std::string name, int width, int height, std::string_view template_text);

  Figure& set(std::string_view variable, double value);
  Figure& set(std::string_view variable, std::string_view text);
  /// A data block: `rows` are lines of numbers and quoted texts; see quote.
  Figure& table(std::string_view variable, const std::string& rows);

  /// Writes folder/name.svg, and folder/name.png with twice the pixels. Throws Error, also when gnuplot is missing.
  void draw(const std::filesystem::path& folder) const;

 private:
  std::string name_;
  int width_;
  int height_;
  std::string_view template_;
  std::string values_;
};

/// A text as one field of a table.
std::string quote(std::string_view text);

/// Throws Error, saying what to install, when gnuplot cannot be run.
void require_gnuplot();

}  // namespace digitrec
