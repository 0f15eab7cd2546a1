#include "digitrec/core/version.h"

#include "build_info.h"

#include <torch/version.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {

std::string version() { return DIGITREC_VERSION; }

std::string version_line() {
  return fmt::format("digitrec {} (LibTorch {}, {}, {})", DIGITREC_VERSION, TORCH_VERSION, DIGITREC_COMPILER,
                     DIGITREC_BUILD_TYPE);
}

}  // namespace digitrec
