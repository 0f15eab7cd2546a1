#pragma once

#include "digitrec/infer/metrics.h"

#include <nlohmann/json.hpp>

namespace digitrec {

/// All of the metrics, as eval --json, summary.json and the report page hold them.
nlohmann::ordered_json metrics_json(const Metrics& metrics);

}  // namespace digitrec
