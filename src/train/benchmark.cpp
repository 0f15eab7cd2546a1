#include "train/benchmark.h"

#include "core/random.h"
#include "core/stopwatch.h"
#include "train/batches.h"
#include "train/step.h"

#include <ATen/Context.h>
#include <ATen/ops/arange.h>

#include <algorithm>

namespace digitrec {
namespace {

constexpr int64_t kWarmUpBatches = 5;
constexpr uint64_t kSeed = 42;

/// Images per second over `repeats` calls of `work`, each over `rows` images. `work` must wait for its device.
template <class Work>
Spread measure(int64_t repeats, int64_t rows, Work work) {
  std::vector<double> speeds;
  for (int64_t i = 0; i < repeats; ++i) {
    const Stopwatch watch;
    work(i);
    speeds.push_back(static_cast<double>(rows) / watch.seconds());
  }
  return spread_of(std::move(speeds));
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

BenchmarkResult benchmark(const BenchmarkCase& what, const Dataset& dataset, int64_t repeats) {
  at::manual_seed(kSeed);
  auto model = build_model(what.model, {dataset.num_classes(), dataset.image_size()});
  model->to(what.device);
  model->set_execution(what.execution);
  const Normalization normalization;
  const at::Tensor images = dataset.images.to(what.device);
  TrainConfig config;
  config.batch_size = what.batch_size;
  TrainStep step(model, config, images, dataset.labels.to(what.device), normalization);
  const BatchSampler sampler(at::arange(dataset.size()), what.batch_size, kSeed);

  const auto train = [&](int64_t epoch, int64_t batches) {
    step.begin_epoch();
    const at::Tensor order = sampler.order(epoch).to(what.device);
    for (int64_t batch = 0; batch < batches; ++batch) {
      const BatchSampler::Range range = sampler.range(batch);
      step.run(order.narrow(0, range.begin, range.size), config.lr, /*seed=*/0);
    }
    return step.loss();  // waits for the device
  };
  const auto infer = [&](const at::Tensor& rows) {
    return compute_logits(*model, rows, normalization).argmax(1).to(at::kCPU);
  };

  BenchmarkResult result;
  train(0, std::min(kWarmUpBatches, sampler.batches_per_epoch()));
  result.train = measure(repeats, dataset.size(), [&](int64_t i) { train(i + 1, sampler.batches_per_epoch()); });
  infer(images.narrow(0, 0, std::min<int64_t>(images.size(0), 512)));
  result.infer = measure(repeats, dataset.size(), [&](int64_t) { infer(images); });
  return result;
}

}  // namespace digitrec
