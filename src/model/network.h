#pragma once

#include "digitrec/model/classifier.h"
#include "kernels/fused_layers.h"

#include <string>
#include <vector>

namespace digitrec {

using kernels::Pool;

/// A 3 x 3 convolution and the layers after it: batch normalisation, ReLU, pooling, dropout of whole channels.
struct ConvLayer {
  int64_t channels;
  int64_t padding = 1;
  bool batch_norm = false;
  Pool pool = Pool::none;
  double dropout = 0;
};

/// A fully connected layer and the layers after it: batch normalisation, ReLU, dropout.
struct HiddenLayer {
  int64_t width;
  bool batch_norm = false;
  double dropout = 0;
};

/// The layers of a preset: convolutions, then hidden layers, then one layer to the classes.
struct Architecture {
  std::vector<ConvLayer> convolutions;
  std::vector<HiddenLayer> hidden;
  double dropout = 0;  ///< before the last layer

  /// The smallest image side that leaves a pixel after all padding and pooling.
  int64_t min_image_size() const;
};

/// The layers of a preset. Throws UsageError as find_preset does.
const Architecture& find_architecture(const std::string& preset);

/// The network of an architecture. Modules have PyTorch's names, numbered in order: conv1, bn1, conv2, bn2, ..., fc1.
std::shared_ptr<Classifier> build_network(const Architecture& architecture, const ModelShape& shape);

}  // namespace digitrec
