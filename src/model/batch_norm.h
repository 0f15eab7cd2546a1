#pragma once

#include "digitrec/data/normalization.h"
#include "digitrec/model/classifier.h"

#include <ATen/core/Tensor.h>

namespace digitrec {

/// Sets the running statistics of every batch normalisation to the mean over batches of these images, uint8 [M, S, S]
/// on the model's device with M >= 2, and leaves the model in evaluation mode. Dropout is off, as it is in evaluation.
/// Networks without batch normalisation do not change, nor does what is frozen.
void measure_batch_norm(Classifier& model, const at::Tensor& images, const Normalization& normalization);

}  // namespace digitrec
