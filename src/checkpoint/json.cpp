#include "checkpoint/json.h"

#include <set>
#include <vector>

namespace digitrec {

JsonWithoutTwins parse_json_without_twins(std::string_view text) {
  using Event = nlohmann::json::parse_event_t;
  JsonWithoutTwins result;
  std::vector<std::set<std::string>> open;  // the keys so far of each object that has not ended
  bool has_twin = false;
  const auto note = [&](int /*depth*/, Event event, nlohmann::json& parsed) {
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event == Event::key && !open.back().insert(parsed.get<std::string>()).second && !has_twin) {
      has_twin = true;
      result.twin = parsed.get<std::string>();
      if (result.twin.empty()) result.twin = "(an empty key)";
    }
    return true;
  };
  result.value = nlohmann::json::parse(text, note, /*allow_exceptions=*/false);
  return result;
}

}  // namespace digitrec
