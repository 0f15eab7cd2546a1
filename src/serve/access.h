#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace digitrec::serve {

/// Who may ask, beyond what the address the server is bound to says.
struct AccessOptions {
  std::vector<std::string> hosts;    ///< names of this server beside localhost and IP addresses
  std::vector<std::string> origins;  ///< other sites whose pages may ask (CORS), such as https://example.org
};

/// Whether a Host header names this server. A name under which a stranger's page was loaded could be made to point here
/// (DNS rebinding); IP addresses and localhost cannot.
bool is_trusted_host(std::string_view host, const AccessOptions& options);

/// Whether a page of `origin` may ask the server that it calls `host`: one of its own, or one that is named.
bool is_trusted_origin(std::string_view origin, std::string_view host, const AccessOptions& options);

/// Whether `origin` is one of those that are named.
bool is_named_origin(std::string_view origin, const AccessOptions& options);

}  // namespace digitrec::serve
