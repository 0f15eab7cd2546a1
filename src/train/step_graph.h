#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace digitrec {

/// Work that is recorded once as a CUDA graph and then launched as a whole: a small network's step is hundreds of
/// kernels that the GPU runs faster than the CPU launches them. The work must use tensors that keep their addresses,
/// and must not wait for the device.
class StepGraph {
 public:
  /// Whether this build has CUDA graphs and the device can run them.
  static bool is_available(const at::Device& device);

  StepGraph();
  ~StepGraph();

  bool is_recorded() const { return graph_ != nullptr; }
  /// Records what `work` launches, without running it. Throws c10::Error where the work cannot be recorded.
  void record(const std::function<void()>& work);
  void launch();

 private:
  struct Graph;
  std::unique_ptr<Graph> graph_;
};

}  // namespace digitrec
