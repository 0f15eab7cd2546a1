#pragma once

#include "checkpoint/safetensors.h"
#include "digitrec/checkpoint/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace digitrec {

/// Parameters and buffers of the network under PyTorch's names; not copies.
std::map<std::string, at::Tensor> network_state(const Classifier& model);

/// The contents of a checkpoint file: copies of parameters and buffers, and `info`.
SafeTensors checkpoint_contents(const Classifier& model, const CheckpointInfo& info);

}  // namespace digitrec
