#pragma once

#include "digitrec/core/error.h"
#include "digitrec/image/pictures.h"

#include <string>

namespace digitrec {

/// Why a picture that was to be read as `kind` is refused: the error's words, which expect "a picture of a digit" only
/// where digits are read.
std::string why_refused(const Error& error, PictureKind kind);

}  // namespace digitrec
