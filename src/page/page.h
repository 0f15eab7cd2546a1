#pragma once

#include "run/record.h"

#include <string>
#include <vector>

namespace digitrec {

/// One HTML page about the runs, side by side where there are several: summary, curves, confusion matrix with the
/// images behind its cells, mistakes, classes, calibration, configuration, environment. It contains everything it needs
/// and loads nothing. Sections that need held-out rows are left out where a run has none. `status`: a line about an
/// unfinished run, shown on top. `is_going`: the run still trains, and the page reloads itself every few seconds.
std::string report_page(const std::vector<RunRecord>& runs, const std::string& status = "", bool is_going = false);

}  // namespace digitrec
