#pragma once

#include "serve/http.h"

#include <string>
#include <string_view>

namespace digitrec::serve {

/// What a request's body is.
enum class Content { json, picture, form, other };

/// By its Content-Type. Any image/... and bytes without a type (application/octet-stream) are pictures: which kind,
/// their first bytes tell.
Content content_of(const Request& request);

/// Whether the body is compressed. Throws Refusal when it is in another way than gzip.
bool is_gzip(const Request& request);

/// What a gzip file holds. Throws Refusal when it is damaged, followed by something else or holds more than
/// `max_bytes`.
std::string unpack_gzip(std::string_view packed, size_t max_bytes);

/// The one file in the body of a form (multipart/form-data, RFC 7578). Throws Refusal unless there is exactly one.
std::string file_of_form(std::string_view body, std::string_view content_type);

}  // namespace digitrec::serve
