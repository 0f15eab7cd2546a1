#pragma once

#include "serve/http.h"

#include <map>
#include <string>
#include <string_view>

namespace digitrec::serve {

/// What becomes of a connection behind an answer; HTTP/1.0 must be told that it is kept.
enum class Persistence { closes, keeps_alive, keeps_alive_in_1_0 };

/// The lines of an answer above its body.
std::string response_head(const Response& response, const std::map<std::string, std::string>& headers,
                          Persistence persistence);

/// The body of an answer that says what is wrong; `message` has no character that JSON escapes.
std::string error_body(std::string_view message);

}  // namespace digitrec::serve
