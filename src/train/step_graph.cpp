#include "train/step_graph.h"

#include "digitrec/core/error.h"

#if defined(DIGITREC_CUDA_GRAPHS)
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace digitrec {

#if defined(DIGITREC_CUDA_GRAPHS)

struct StepGraph::Graph {
  at::cuda::CUDAGraph graph;
};

bool StepGraph::is_available(const at::Device& device) { return device.is_cuda(); }

void StepGraph::record(const std::function<void()>& work) {
  auto graph = std::make_unique<Graph>();
  // The default stream cannot be recorded.
  const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  c10::cuda::getCurrentCUDAStream().synchronize();
  {
    const c10::cuda::CUDAStreamGuard guard(stream);
    graph->graph.capture_begin();
    work();
    graph->graph.capture_end();
  }
  stream.synchronize();
  graph_ = std::move(graph);
}

void StepGraph::launch() { graph_->graph.replay(); }

#else

struct StepGraph::Graph {};

bool StepGraph::is_available(const at::Device& /*device*/) { return false; }
// NOLINTNEXTLINE(readability-convert-member-functions-to-static): with CUDA it is not
void StepGraph::record(const std::function<void()>& /*work*/) { throw Error("this build has no CUDA graphs"); }
void StepGraph::launch() {}

#endif

StepGraph::StepGraph() = default;
StepGraph::~StepGraph() = default;

}  // namespace digitrec
