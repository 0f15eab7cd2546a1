#pragma once

#include <string>
#include <string_view>

namespace digitrec {

/// The text without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// The text without the quotes around it, as R's write.csv and others put them.
std::string_view unquoted(std::string_view text);

/// A field as a message shows it: cut off, and with ? for what cannot be printed.
std::string shown(std::string_view field);

}  // namespace digitrec
