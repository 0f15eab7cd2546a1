// Precompiled once for all tests, which compare with LibTorch's own functions: its headers take eight seconds to parse,
// in each of forty files.
#pragma once

#include <torch/types.h>

#include <gtest/gtest.h>
