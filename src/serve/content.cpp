#include "serve/content.h"

#include "core/names.h"
#include "serve/refusal.h"

#include <spdlog/fmt/fmt.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>

namespace digitrec::serve {
namespace {

/// Parts of a form; a page's has a few.
constexpr int kMaxParts = 100;

/// The media type, without its parameters.
std::string media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return lower_case(type);
}

/// The value of a parameter, as in `form-data; name="picture"`; none where it is missing.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  const std::string lower = lower_case(header);
  for (size_t at = lower.find(';'); at != std::string::npos; at = lower.find(';', at + 1)) {
    const size_t begin = lower.find_first_not_of(" \t", at + 1);
    if (begin == std::string::npos || lower.compare(begin, name.size() + 1, std::string(name) + "=") != 0) continue;
    std::string_view value = header.substr(begin + name.size() + 1);
    if (value.starts_with('"')) {
      const size_t end = value.find('"', 1);
      return std::string(value.substr(1, end == std::string_view::npos ? end : end - 1));
    }
    return std::string(value.substr(0, value.find_first_of("; \t\r\n")));
  }
  return std::nullopt;
}

/// Whether a part of a form is a file, as its headers say.
bool is_file(std::string_view headers) {
  const std::string lower = lower_case(headers);
  const size_t at = lower.find("content-disposition:");
  if (at == std::string::npos) return false;
  const std::string_view line = headers.substr(at, lower.find("\r\n", at) - at);
  return parameter(line, "filename").has_value() || parameter(line, "filename*").has_value();
}

}  // namespace

Content content_of(const Request& request) {
  const std::string type = media_type(request.content_type);
  if (type == "application/json") return Content::json;
  if (type == "multipart/form-data") return Content::form;
  if (type.starts_with("image/") || type == "application/octet-stream") return Content::picture;
  return Content::other;
}

bool is_gzip(const Request& request) {
  const std::string coding = lower_case(request.content_encoding);
  if (coding.empty() || coding == "identity") return false;
  if (coding == "gzip" || coding == "x-gzip") return true;
  throw Refusal{415, "expected of Content-Encoding: gzip, or no such header"};
}

std::string unpack_gzip(std::string_view packed, size_t max_bytes) {
  struct Stream : z_stream {
    Stream() : z_stream{} {}
    ~Stream() { inflateEnd(this); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
  } stream;
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::array<char, 64 << 10> part{};
  for (int state = Z_OK; state != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = part.size();
    state = inflate(&stream, Z_NO_FLUSH);
    const size_t count = part.size() - stream.avail_out;
    if (state != Z_STREAM_END && (state != Z_OK || count == 0)) throw Refusal{400, "the body is not sound gzip data"};
    if (count > max_bytes - out.size()) {
      throw Refusal{413, fmt::format("the body is larger than {} bytes when it is unpacked", max_bytes)};
    }
    out.append(part.data(), count);
  }
  if (stream.avail_in > 0) throw Refusal{400, "the body is not sound gzip data"};
  return out;
}

std::string file_of_form(std::string_view body, std::string_view content_type) {
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) {
    throw Refusal{400, "expected a boundary in Content-Type: multipart/form-data"};
  }
  // A part begins behind such a line and ends before the next one. The first line may begin the body.
  const std::string line = "\r\n--" + *boundary;
  const bool begins = body.starts_with(std::string_view(line).substr(2));
  size_t at = begins ? 0 : body.find(line);
  if (at != std::string_view::npos) at += line.size() - (begins ? 2 : 0);
  std::optional<std::string> file;
  for (int part = 0; at != std::string_view::npos && !body.substr(at).starts_with("--"); ++part) {
    const size_t end = body.find(line, at);
    const size_t begin = body.find("\r\n\r\n", at);
    const bool is_sound = body.substr(at).starts_with("\r\n") && end != std::string_view::npos && begin <= end;
    if (!is_sound || part == kMaxParts) {
      throw Refusal{400, "the body is not a sound form"};
    }
    if (is_file(body.substr(at, begin - at))) {
      if (file) throw Refusal{422, "the form holds several files; expected one picture"};
      const size_t first = std::min(begin + 4, end);
      file = std::string(body.substr(first, end - first));
    }
    at = end + line.size();
  }
  if (!file) throw Refusal{422, "the form holds no file; expected one picture"};
  return std::move(*file);
}

}  // namespace digitrec::serve
