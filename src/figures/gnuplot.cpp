#include "figures/gnuplot.h"

#include "core/atomic_file.h"
#include "core/file.h"
#include "core/program.h"
#include "digitrec/core/error.h"
#include "figure_templates.h"

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr uintmax_t kMaxFigureBytes = 256 << 20;
constexpr const char* kFont = "DejaVu Sans";

[[noreturn]] void fail_missing() {
  throw Error("gnuplot is not on PATH, and it draws the figures", "install it: apt-get install gnuplot-nox");
}

/// A temporary folder, removed with the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    std::string name = (parent / "digitrec-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      throw Error(fmt::format("no temporary folder can be made ({})", error ? error.message() : std::strerror(errno)),
                  "set TMPDIR to one that can be written");
    }
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// A string in gnuplot's single quotes, where only the quote itself is special.
std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + "'";
}

/// gnuplot's SVG with its images as sharp as in the PNG file: a browser smooths them otherwise.
std::string with_sharp_images(const std::string& svg) {
  constexpr std::string_view kImage = "<image ";
  std::string sharp;
  size_t done = 0;
  for (size_t at = svg.find(kImage); at != std::string::npos; at = svg.find(kImage, done)) {
    sharp += svg.substr(done, at + kImage.size() - done) + "style='image-rendering: pixelated' ";
    done = at + kImage.size();
  }
  return sharp + svg.substr(done);
}

}  // namespace

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' || c == '\\' ? '\'' : static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return quoted + "\"";
}

void require_gnuplot() {
  if (run_program({"gnuplot", "--version"}).is_missing) fail_missing();
}

Figure::Figure(std::string name, int width, int height, std::string_view template_text)
    : name_(std::move(name)), width_(width), height_(height), template_(template_text) {
  set("width", width);
  set("height", height);
}

Figure& Figure::set(std::string_view variable, double value) {
  values_ += fmt::format("{} = {:.9g}\n", variable, value);
  // gnuplot divides integers as C does: 3 / 2 is 1.
  if (values_.find_first_of(".en", values_.rfind('=')) == std::string::npos) values_.insert(values_.size() - 1, ".0");
  return *this;
}

Figure& Figure::set(std::string_view variable, std::string_view text) {
  values_ += fmt::format("{} = {}\n", variable, literal(text));
  return *this;
}

Figure& Figure::table(std::string_view variable, const std::string& rows) {
  values_ += fmt::format("${} << END_OF_TABLE\n{}END_OF_TABLE\n", variable, rows);
  return *this;
}

void Figure::draw(const fs::path& folder) const {
  const ScratchFolder scratch;
  const fs::path script = scratch.path() / "figure.gp";
  const fs::path svg = scratch.path() / "figure.svg";
  const fs::path png = scratch.path() / "figure.png";
  // The screen's pixels are the unit: a font of 10 is 10 pixels high, in the PNG file 20.
  const std::string drawing = fmt::format("{}\n{}\nunset output\n", templates::kCommon, template_);
  const auto terminal = [&](const char* settings, int scale, const fs::path& file) {
    return fmt::format("set terminal {} size {},{} noenhanced font '{},10' background rgb '#ffffff'\nset output {}\n",
                       settings, width_ * scale, height_ * scale, kFont, literal(file.string()));
  };
  write_file(script, values_ + terminal("svg", 1, svg) + drawing +
                         terminal("pngcairo fontscale 1.5 linewidth 2 pointscale 2", 2, png) + drawing);
  const ProgramAnswer answer = run_program({"gnuplot", script.string()});
  if (answer.is_missing) fail_missing();
  if (!answer.succeeded || !fs::exists(svg) || !fs::exists(png)) {
    throw Error(fmt::format("gnuplot could not draw {}: {}; expected version 5.4 or later with pngcairo", name_,
                            last_line(answer.output)));
  }
  write_file(folder / (name_ + ".svg"), with_sharp_images(read_file(svg, kMaxFigureBytes)));
  write_file(folder / (name_ + ".png"), read_file(png, kMaxFigureBytes));
}

}  // namespace digitrec
