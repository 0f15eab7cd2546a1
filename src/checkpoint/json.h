#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace digitrec {

/// A JSON text, and a key that one of its objects names twice: JSON leaves open which of the values counts, so that two
/// programs may read two things.
struct JsonWithoutTwins {
  nlohmann::json value;  ///< discarded when the text is not JSON
  std::string twin{};    ///< empty when there is none
};

JsonWithoutTwins parse_json_without_twins(std::string_view text);

}  // namespace digitrec
