#include "serve/access.h"

#include "core/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace digitrec::serve {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& entry) { return lower_case(entry) == lower_case(value); });
}

/// Nothing, or a port of a host.
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  const std::string_view number = text.substr(1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), port);
  return text.front() == ':' && (number.empty() || (error == std::errc() && end == number.data() + number.size()));
}

/// Without its port, and an IPv6 address without its brackets. Empty where the rest is no port.
std::string name_of(std::string_view host) {
  const bool is_v6 = host.starts_with('[');
  if (is_v6 && host.find(']') == std::string_view::npos) return "";
  const size_t end = std::min(host.size(), host.find(is_v6 ? ']' : ':'));
  if (!is_port(host.substr(std::min(host.size(), end + (is_v6 ? 1 : 0))))) return "";
  return is_v6 ? std::string(host.substr(1, end - 1)) : lower_case(host.substr(0, end));
}

bool is_ip_address(const std::string& name) {
  in6_addr address{};
  if (name.find('\0') != std::string::npos) return false;  // inet_pton reads no further
  return inet_pton(AF_INET, name.c_str(), &address) == 1 || inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

}  // namespace

bool is_origin(std::string_view text) {
  const size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  const std::string_view host = text.substr(scheme);
  return scheme > 0 && host.find_first_of("/?#@ ") == std::string_view::npos && !name_of(host).empty();
}

bool is_trusted_host(std::string_view host, const AccessOptions& options) {
  const std::string name = name_of(host);
  return name == "localhost" || is_ip_address(name) || contains(options.hosts, name);
}

bool is_trusted_origin(std::string_view origin, std::string_view host, const AccessOptions& options) {
  const std::string own = lower_case(host);
  const std::string asked = lower_case(origin);
  return asked == "http://" + own || asked == "https://" + own || is_named_origin(origin, options);
}

bool is_named_origin(std::string_view origin, const AccessOptions& options) {
  return contains(options.origins, origin);
}

}  // namespace digitrec::serve
