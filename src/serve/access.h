#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace digitrec::serve {

/// Which hosts and origins are answered, beyond the server's own.
struct AccessOptions {
  std::vector<std::string> hosts;    ///< names of this server, besides localhost and IP addresses
  std::vector<std::string> origins;  ///< other sites whose pages may send requests (CORS), such as https://example.org
};

/// Whether the text is an origin as browsers send it: "http://" or "https://", a host, and a port or none.
bool is_origin(std::string_view text);

/// Whether a Host header names this server. A stranger can point a name of their own here after their page was loaded
/// from it (DNS rebinding), but not localhost or an IP address.
bool is_trusted_host(std::string_view host, const AccessOptions& options);

/// Whether a page of `origin` may send requests to the server that it calls `host`: the server's own pages may, and
/// those of the origins in `options`.
bool is_trusted_origin(std::string_view origin, std::string_view host, const AccessOptions& options);

/// Whether `origin` is among the origins in `options`.
bool is_named_origin(std::string_view origin, const AccessOptions& options);

}  // namespace digitrec::serve
