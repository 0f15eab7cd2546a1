#pragma once

#include <string>

namespace digitrec {

/// "0.1.0".
std::string version();

/// One line: digitrec, LibTorch, compiler and build type.
std::string version_line();

}  // namespace digitrec
