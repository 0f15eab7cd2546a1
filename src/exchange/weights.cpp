#include "exchange/weights.h"

#include "checkpoint/safetensors.h"
#include "core/file.h"
#include "core/file_kind.h"
#include "digitrec/core/error.h"
#include "exchange/pth.h"

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
  require_regular_file(path);
  if (is_pth(path)) return {.tensors = read_pth(path), .is_in_order = true};
  const FileKind kind = kind_of_file(path);
  // A header's length comes first, and may look like anything.
  constexpr size_t kLengthBytes = 8;
  const std::string beginning = first_bytes(path, kLengthBytes + 1);
  const bool has_header = beginning.size() > kLengthBytes && beginning.back() == '{';
  if (!kind.name.empty() && !has_header) {
    const std::string hint =
        kind.name == "a Python pickle" ? "save it with torch.save(model.state_dict(), FILE)" : std::string(kind.hint);
    throw Error(fmt::format("{}: {}; expected a .safetensors, .pth or .pt file", path.string(), kind.name), hint);
  }
  return read_from_safetensors(path);
}

}  // namespace digitrec
