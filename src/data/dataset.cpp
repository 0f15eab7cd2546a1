#include "digitrec/data/dataset.h"

#include "digitrec/core/error.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <memory>

namespace digitrec {
namespace {

/// A tensor that owns `values` and frees them with its last reference.
template <class T>
torch::Tensor adopt(std::vector<T> values, torch::IntArrayRef shape, torch::ScalarType type) {
  auto owner = std::make_shared<std::vector<T>>(std::move(values));
  void* data = owner->data();
  return torch::from_blob(data, shape, [owner](void*) mutable { owner.reset(); }, torch::TensorOptions().dtype(type));
}

}  // namespace

int64_t Dataset::num_classes() const {
  if (!has_labels()) throw Error(fmt::format("{}: has no labels", source));
  return labels.max().item<int64_t>() + 1;
}

Dataset make_dataset(std::vector<uint8_t> pixels, std::vector<int64_t> labels, int64_t image_size, std::string source) {
  const auto count = static_cast<int64_t>(pixels.size()) / (image_size * image_size);
  Dataset dataset;
  dataset.images = adopt(std::move(pixels), {count, image_size, image_size}, torch::kUInt8);
  if (!labels.empty()) dataset.labels = adopt(std::move(labels), {count}, torch::kInt64);
  dataset.source = std::move(source);
  return dataset;
}

void require_labels_below(const Dataset& dataset, int64_t classes) {
  const int64_t found = dataset.num_classes();
  if (found > classes) {
    throw Error(fmt::format("{}: label {} is beyond the model's {} classes (0 to {}); use data of the same classes",
                            dataset.source, found - 1, classes, classes - 1));
  }
}

}  // namespace digitrec
