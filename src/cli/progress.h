#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace digitrec::cli {

/// What a progress line says.
struct Progress {
  std::string label;
  double fraction = 0;                 ///< of the work that is done
  std::vector<std::string> details{};  ///< the most important first; those that do not fit are left out
  std::vector<double> trend{};         ///< recent values, such as losses, drawn small where there is room
};

/// The line for a terminal of `width` columns; it takes up to `width` - 1 of them, so that nothing wraps.
std::string progress_text(const Progress& progress, int width, bool colour);

/// The last `max_values` values as bars of one character each, the highest as a full block.
std::string sparkline(const std::vector<double>& values, size_t max_values);

/// One line at the bottom of the terminal, redrawn in place. Draws nothing when stderr is not a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void draw(const Progress& progress);
  /// Wipes the line, so that a log line can take its place.
  void clear();

 private:
  bool on_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace digitrec::cli
