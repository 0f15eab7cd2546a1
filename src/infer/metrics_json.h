#pragma once

#include "digitrec/infer/metrics.h"

#include <nlohmann/json.hpp>

namespace digitrec {

/// All of the metrics, as eval --json, summary.json and the report page hold them.
nlohmann::ordered_json metrics_json(const Metrics& metrics);

/// NaN, which JSON does not know, stands for a figure that was not measured.
nlohmann::ordered_json number_or_null(double value);

}  // namespace digitrec
