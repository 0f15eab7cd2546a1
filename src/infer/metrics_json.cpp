#include "infer/metrics_json.h"

#include <cmath>

namespace digitrec {

nlohmann::ordered_json metrics_json(const Metrics& metrics) {
  using Json = nlohmann::ordered_json;
  Json classes = Json::array();
  for (size_t c = 0; c < metrics.classes.size(); ++c) {
    const ClassMetrics& m = metrics.classes[c];
    classes.push_back({{"class", c},
                       {"name", m.name},
                       {"support", m.support},
                       {"precision", m.precision},
                       {"recall", m.recall},
                       {"f1", m.f1}});
  }
  Json bins = Json::array();
  for (size_t i = 0; i < metrics.calibration.size(); ++i) {
    const CalibrationBin& bin = metrics.calibration[i];
    bins.push_back({{"bin", i}, {"rows", bin.rows}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  }
  return {{"rows", metrics.rows},
          {"correct", metrics.correct},
          {"accuracy", metrics.accuracy},
          {"wilson_95", {metrics.interval.low, metrics.interval.high}},
          {"calibration_error", metrics.calibration_error},
          {"loss", metrics.loss},
          {"calibration", bins},
          {"classes", classes},
          {"confusion", metrics.confusion}};
}

nlohmann::ordered_json number_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace digitrec
