#pragma once

#include <c10/util/Exception.h>
#include <torch/csrc/autograd/anomaly_mode.h>

namespace digitrec {

/// LibTorch's anomaly mode: a backward step that makes a NaN throws and names itself. Its warnings are muted: they say
/// that the mode is slow, and point to Python code that does not exist here.
class AnomalyMode {
 private:
  struct Mute : c10::WarningHandler {
    void process(const c10::Warning& /*warning*/) override {}
  };
  Mute mute_;
  c10::WarningUtils::WarningHandlerGuard silence_{&mute_};
  torch::autograd::DetectAnomalyGuard detect_{/*check_nan=*/true};
};

}  // namespace digitrec
