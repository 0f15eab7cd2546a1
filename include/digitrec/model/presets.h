#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace digitrec {

class Classifier;

/// What a preset needs to know to be built.
struct ModelShape {
  int64_t classes = 10;     ///< logits per image
  int64_t image_size = 28;  ///< side S of the square images
};

/// A named architecture that can be trained.
struct Preset {
  std::string name;        ///< as in `--model NAME`
  std::string summary;     ///< one line: its layers
  int64_t min_image_size;  ///< the smallest S that leaves a pixel after all padding and pooling
  /// Builds the network; build_model checks the shape before it calls this.
  std::function<std::shared_ptr<Classifier>(const ModelShape&)> build;
};

/// All presets, the smallest first.
const std::vector<Preset>& presets();
/// Their names, in the same order.
std::vector<std::string> preset_names();

/// Throws UsageError, naming the nearest preset, when there is none of that name.
const Preset& find_preset(const std::string& name);

}  // namespace digitrec
