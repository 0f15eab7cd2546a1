#pragma once

#include "digitrec/model/classifier.h"
#include "digitrec/train/config.h"

#include <string>

namespace digitrec {

/// Sets the weights to those of the checkpoint that `init` names, and returns one line about it. The last layer stays
/// as it is where the checkpoint's has another number of classes. Throws Error when the file cannot be used, and
/// UsageError when its network is of another preset or image size.
std::string load_initial_weights(const TrainConfig& config, const ModelShape& shape, const Classifier& model);

}  // namespace digitrec
