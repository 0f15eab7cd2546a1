#include "exchange/weights.h"

#include "checkpoint/safetensors.h"

#include <spdlog/fmt/fmt.h>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

Weights read_from_safetensors(const fs::path& path) {
  SafeTensors contents = read_safetensors(path, Checksum::told);
  Weights weights{.metadata = std::move(contents.metadata), .has_checksum = contents.has_checksum};
  for (const auto& [name, tensor] : contents.tensors) weights.tensors.push_back({name, tensor});
  if (contents.is_altered) {
    weights.doubt = fmt::format(
        "{}: its checksum is of other tensors: another program changed it since, or it is damaged", path.string());
  } else if (!contents.has_checksum) {
    weights.doubt = fmt::format("{}: another program saved it: no checksum could be checked", path.string());
  }
  return weights;
}

}  // namespace

Weights read_weights(const fs::path& path) {
  return read_from_safetensors(path);
}

}  // namespace digitrec
