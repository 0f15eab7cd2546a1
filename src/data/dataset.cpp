#include "digitrec/data/dataset.h"

#include "core/random.h"
#include "digitrec/core/error.h"

#include <ATen/ops/empty_like.h>
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
  const size_t named = std::max(classes.labels.size(), classes.names.size());
  if (named > 0) return static_cast<int64_t>(named);
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

void match_classes(Dataset& dataset, const Classes& classes, int64_t count) {
  if (!dataset.has_labels()) throw Error(fmt::format("{}: has no labels", dataset.source));
  const int64_t found = dataset.num_classes();
  std::vector<int64_t> place(static_cast<size_t>(found), -1);
  for (int64_t own = 0; own < found; ++own) {
    for (int64_t other = 0; other < count && place[static_cast<size_t>(own)] < 0; ++other) {
      if (dataset.classes.name(own) == classes.name(other)) place[static_cast<size_t>(own)] = other;
    }
    for (int64_t other = 0; other < count && place[static_cast<size_t>(own)] < 0; ++other) {
      if (dataset.classes.label(own) == classes.label(other)) place[static_cast<size_t>(own)] = other;
    }
  }
  at::Tensor labels = at::empty_like(dataset.labels);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const int64_t own = dataset.labels.const_data_ptr<int64_t>()[i];
    const int64_t other = place[static_cast<size_t>(own)];
    if (other < 0) {
      const bool are_numbers = classes.labels.empty() && classes.names.empty();
      throw Error(
          fmt::format("{}: label {} is {} the model's {} classes ({} to {})", dataset.source, dataset.classes.name(own),
                      are_numbers ? "beyond" : "none of", count, classes.name(0), classes.name(count - 1)),
          "use data of the same classes");
    }
    labels.data_ptr<int64_t>()[i] = other;
  }
  dataset.labels = labels;
  dataset.classes = classes;
}

void add_reading(Dataset& dataset, const std::string& what) {
  dataset.reading += (dataset.reading.empty() ? "" : "; ") + what;
}

}  // namespace digitrec
