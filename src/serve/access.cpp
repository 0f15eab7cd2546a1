#include "serve/access.h"

#include "core/names.h"

#include <arpa/inet.h>

#include <algorithm>

namespace digitrec::serve {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& entry) { return lower_case(entry) == lower_case(value); });
}

/// Without its port, and an IPv6 address without its brackets.
std::string name_of(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    const bool has_rest = end != std::string_view::npos && end + 1 < host.size() && host[end + 1] != ':';
    return end == std::string_view::npos || has_rest ? "" : std::string(host.substr(1, end - 1));
  }
  return lower_case(host.substr(0, host.find(':')));
}

bool is_ip_address(const std::string& name) {
  in6_addr address{};
  return inet_pton(AF_INET, name.c_str(), &address) == 1 || inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

}  // namespace

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
