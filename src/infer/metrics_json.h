#pragma once

#include "digitrec/infer/metrics.h"

#include <nlohmann/json.hpp>

namespace digitrec {

/// All metrics, as in eval --json, summary.json and the report page.
nlohmann::ordered_json metrics_json(const Metrics& metrics);

/// null for NaN, which JSON does not have: a figure that was not measured.
nlohmann::ordered_json number_or_null(double value);

}  // namespace digitrec
