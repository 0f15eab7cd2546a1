#include "digitrec/data/dataset.h"

#include "core/random.h"
#include "digitrec/core/error.h"

#include <ATen/ops/from_blob.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace digitrec {
namespace {

/// A tensor that owns `values` and frees them with its last reference.
template <class T>
at::Tensor adopt(std::vector<T> values, at::IntArrayRef shape, at::ScalarType type) {
  auto owner = std::make_shared<std::vector<T>>(std::move(values));
  void* data = owner->data();
  return at::from_blob(data, shape, [owner](void*) mutable { owner.reset(); }, at::TensorOptions().dtype(type));
}

}  // namespace

int64_t Dataset::num_classes() const {
  if (!has_labels()) throw Error(fmt::format("{}: has no labels", source));
  return labels.max().item<int64_t>() + 1;
}

Dataset make_dataset(std::vector<uint8_t> pixels, std::vector<int64_t> labels, int64_t image_size, std::string source) {
  const auto count = static_cast<int64_t>(pixels.size()) / (image_size * image_size);
  Dataset dataset;
  dataset.images = adopt(std::move(pixels), {count, image_size, image_size}, at::kByte);
  if (!labels.empty()) dataset.labels = adopt(std::move(labels), {count}, at::kLong);
  dataset.source = std::move(source);
  return dataset;
}

std::string fingerprint(const Dataset& dataset) {
  uint64_t hash = mix_seed(static_cast<uint64_t>(dataset.image_size()), static_cast<uint64_t>(dataset.size()));
  const auto add = [&hash](const at::Tensor& tensor) {
    const at::Tensor whole = tensor.contiguous();
    const auto* bytes = static_cast<const char*>(whole.const_data_ptr());
    const size_t size = whole.nbytes();
    for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, bytes + i, std::min(sizeof(word), size - i));
      hash = mix_seed(hash ^ word, 0);
    }
  };
  add(dataset.images);
  if (dataset.has_labels()) add(dataset.labels);
  return fmt::format("{:016x}", hash);
}

void require_labels_below(const Dataset& dataset, int64_t classes) {
  const int64_t found = dataset.num_classes();
  if (found > classes) {
    throw Error(fmt::format("{}: label {} is beyond the model's {} classes (0 to {})", dataset.source, found - 1,
                            classes, classes - 1),
                "use data of the same classes");
  }
}

}  // namespace digitrec
