#pragma once

#include "checkpoint/safetensors.h"
#include "core/number.h"
#include "digitrec/checkpoint/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace digitrec {

/// Parameters and buffers of the network under PyTorch's names; not copies.
std::map<std::string, at::Tensor> network_state(const Classifier& model);

/// The contents of a checkpoint file: copies of parameters and buffers, and `info`.
SafeTensors checkpoint_contents(const Classifier& model, const CheckpointInfo& info);

/// What the metadata of a checkpoint say of its network. Throws Error when they are not whole.
CheckpointInfo checkpoint_info(const std::filesystem::path& path, const SafeTensors& contents);

/// Numbers beyond which no network answers sensibly: training gives means of 0 to 1 and deviations of up to 1; other
/// programs may have normalised pixels of 0 to 255.
inline constexpr Range<double> kMeans{-1000, 1000};
inline constexpr Range<double> kDeviations{1e-8, 1000};

}  // namespace digitrec
