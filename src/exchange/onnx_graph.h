#pragma once

#include "digitrec/infer/predictor.h"
#include "exchange/onnx_model.h"

namespace digitrec::onnx {

/// What the networks of `predictor` compute, from raw pixels, float32 [N, 1, S, S] of 0 to 255, to `probabilities`,
/// float32 [N, K]: normalisation, layers, temperature and softmax of each, and the mean over several. Nodes and tensors
/// have the names of the network's layers (conv1, conv1.weight), after "network2." where there are several networks.
/// The views of test-time augmentation are left out. Throws Error for weights of 2 GiB or more.
Model build_model(const Predictor& predictor);

/// Throws Error for so many bytes of weights, where a file of ONNX cannot hold them.
void require_room(int64_t bytes);

}  // namespace digitrec::onnx
