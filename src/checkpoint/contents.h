#pragma once

#include "checkpoint/safetensors.h"
#include "digitrec/checkpoint/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace digitrec {

/// All tensors that make up the network, parameters and buffers, under PyTorch's names; not copies.
std::map<std::string, at::Tensor> network_state(const Classifier& model);

/// What a checkpoint's file holds: copies of parameters and buffers, and `info`.
SafeTensors checkpoint_contents(const Classifier& model, const CheckpointInfo& info);

}  // namespace digitrec
