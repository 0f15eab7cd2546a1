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

/// How a terminal shows a progress line.
struct Screen {
  int width = 80;
  bool colour = false;
  bool unicode = true;  ///< else ASCII alone
};

/// The line for a terminal; it takes up to `width` - 1 columns, so that nothing wraps.
std::string progress_text(const Progress& progress, const Screen& screen);
/// The same for a log: "epoch 1/5, 34%, loss 0.1234, ...".
std::string progress_text(const Progress& progress);

/// The last `max_values` values as bars of one character each, the highest as a full block.
std::string sparkline(const std::vector<double>& values, size_t max_values);

/// One line at the bottom of the terminal, redrawn in place. Where stderr is not such a terminal, a line of the log now
/// and then.
class ProgressLine {
 public:
  explicit ProgressLine(std::chrono::milliseconds log_interval = std::chrono::seconds(30));
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void draw(const Progress& progress);
  /// Wipes the line, so that a log line can take its place.
  void clear();

 private:
  bool on_terminal_;
  bool drawn_ = false;
  std::chrono::milliseconds interval_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace digitrec::cli
