#include "serve/response_head.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <ctime>
#include <iterator>
#include <utility>

namespace digitrec::serve {
namespace {

std::string_view reason(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 22> kReasons{{
      {200, "OK"},
      {201, "Created"},
      {204, "No Content"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
      {0, "Unknown"},
  }};
  for (const auto& [known, text] : kReasons) {
    if (known == status) return text;
  }
  return kReasons.back().second;
}

}  // namespace

std::string response_head(const Response& response, const std::map<std::string, std::string>& headers,
                          Persistence persistence) {
  std::string head;
  const auto to = std::back_inserter(head);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  fmt::format_to(to, "Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(std::time(nullptr)));
  if (!response.content_type.empty()) fmt::format_to(to, "Content-Type: {}\r\n", response.content_type);
  if (response.status != 204) fmt::format_to(to, "Content-Length: {}\r\n", response.body.size());
  for (const auto* fields : {&headers, &response.headers}) {
    for (const auto& [name, value] : *fields) fmt::format_to(to, "{}: {}\r\n", name, value);
  }
  if (persistence == Persistence::closes) head += "Connection: close\r\n";
  if (persistence == Persistence::keeps_alive_in_1_0) head += "Connection: keep-alive\r\n";
  return head + "\r\n";
}

std::string error_body(std::string_view message) { return fmt::format("{{\"error\":\"{}\"}}\n", message); }

}  // namespace digitrec::serve
