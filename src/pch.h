// Precompiled once and reused by the library, the program and the tests: these headers cost the most to parse. They are
// the parts of torch/torch.h that we use; the whole of it takes twice as long.
#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
