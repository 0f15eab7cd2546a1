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
  std::vector<double> trend{};         ///< drawn small, where there is room: the loss of late, say
};

/// The line for a terminal of `width` columns, at most `width` - 1 of them, so that nothing wraps.
std::string progress_text(const Progress& progress, int width, bool colour);

/// The values as bars of one character each, the highest as a full block; the last `most` of them.
std::string sparkline(const std::vector<double>& values, size_t most);

/// One line at the bottom of the terminal that is drawn over again. Draws nothing when stderr is no terminal.
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
