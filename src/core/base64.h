#pragma once

#include <string>
#include <string_view>

namespace digitrec {

/// RFC 4648's encoding with padding.
std::string base64(std::string_view bytes);

}  // namespace digitrec
