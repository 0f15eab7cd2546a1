#pragma once

#include "run/record.h"

#include <string>
#include <vector>

namespace digitrec {

/// One HTML page that tells of the runs, side by side where there are several: summary, curves, confusion matrix with
/// the images behind its cells, mistakes, classes, calibration, configuration, environment. It holds everything it
/// needs and may load nothing. Of a run without held-out rows it shows what there is.
/// `status`: a line about a run that is not whole, shown on top; while it `is_going` the page loads itself anew every
/// few seconds.
std::string report_page(const std::vector<RunRecord>& runs, const std::string& status = "", bool is_going = false);

}  // namespace digitrec
