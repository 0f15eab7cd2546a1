#include "serve/request_reader.h"

#include "core/names.h"
#include "serve/refusal.h"

#include <spdlog/fmt/fmt.h>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>

namespace digitrec::serve {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

/// Room for a request's line and headers, and for the line before each chunk; more is refused.
constexpr size_t kMaxHeadBytes = 32 << 10;
/// Bytes that a body in chunks ends with, at least: "0\r\n\r\n".
constexpr size_t kMinChunkedEnd = 5;
/// Bytes behind a chunk's size that nobody needs.
constexpr size_t kMaxChunkExtension = 256;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

[[noreturn]] void refuse_malformed(std::string_view what) {
  throw Refusal{400, fmt::format("not a valid HTTP request: {}", what)};
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Resolves %41 and, in a query, + for a space. Nobody needs control characters, and C ends strings with one.
std::string decoded(std::string_view text, bool is_query) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && is_query) c = ' ';
    if (c == '%') {
      const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
      const int low = high >= 0 ? digit(text[i + 2]) : -1;
      if (low < 0) refuse_malformed("a % without two hexadecimal digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) refuse_malformed("a control character in the path");
    out += c;
  }
  return out;
}

std::map<std::string, std::string> query_of(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    const size_t equals = std::min(field.size(), field.find('='));
    if (field.empty()) continue;
    query[decoded(field.substr(0, equals), true)] = decoded(field.substr(std::min(field.size(), equals + 1)), true);
  }
  return query;
}

}  // namespace

/// Refuses what the parser would put up with, or would wait for the end of: lines that are folded, or end in a line
/// feed alone.
void require_lines(std::string_view head) {
  for (size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (at == 0 || head[at - 1] != '\r') refuse_malformed("a line that does not end in CR LF");
    if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t'))
      refuse_malformed("a header that is folded");
  }
}

/// Boost's parser calls this for each part of a request that is well formed by itself.
class RequestReader::Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(uint64_t max_body_bytes) : max_body_bytes_(max_body_bytes) {
    eager(true);
    header_limit(kMaxHeadBytes);
    body_limit(UINT64_MAX);  // ours is checked below
  }

  Request request;
  bool waits_for_a_word = false;
  bool keeps_alive = false;
  /// Where the trailers begin in what is read, if they are in it.
  const char* trailers = nullptr;

 protected:
  using string_view = beast::string_view;
  using error_code = beast::error_code;

  void on_request_impl(http::verb /*method*/, string_view method, string_view target, int version,
                       error_code& /*ec*/) override {
    request.method = std::string(view(method));
    target_ = std::string(view(target));
    request.is_http_1_0 = version == 10;
  }

  void on_field_impl(http::field field, string_view name, string_view value, error_code& /*ec*/) override {
    if (is_header_done()) return;  // a trailer changes nothing
    const auto once = [&](std::string& kept) {
      if (!kept.empty()) refuse_malformed("a header that may be there once is there twice");
      kept = std::string(view(value));
      if (kept.empty()) refuse_malformed("an empty header that needs a value");
    };
    switch (field) {
      case http::field::host:
        return once(request.host);
      case http::field::origin:
        return once(request.origin);
      case http::field::content_type:
        return once(request.content_type);
      case http::field::content_encoding:
        return once(request.content_encoding);
      case http::field::content_length:
        return once(length_);
      case http::field::transfer_encoding:
        return once(transfer_encoding_);
      case http::field::expect:
        return once(expect_);
      default:
        break;
    }
    // Of several the last, which the nearest proxy has added.
    if (lower_case(view(name)) == "x-forwarded-for") request.forwarded_for = std::string(view(value));
  }

  void on_header_impl(error_code& /*ec*/) override {
    set_target();
    if (request.host.empty() && !request.is_http_1_0) refuse_malformed("no Host header");
    set_framing();
    keeps_alive = keep_alive();
    if (!expect_.empty() && lower_case(expect_) != "100-continue") {
      throw Refusal{417, "expected of Expect: 100-continue, or no such header"};
    }
    waits_for_a_word = !expect_.empty() && !request.is_http_1_0;
  }

  void on_chunk_header_impl(uint64_t size, string_view extensions, error_code& /*ec*/) override {
    if (extensions.size() > kMaxChunkExtension) refuse_malformed("too much behind the size of a chunk");
    if (size == 0) trailers = extensions.data() + extensions.size();
    require_body(size);
  }

  size_t on_body_impl(string_view body, error_code& /*ec*/) override { return add(body); }
  size_t on_chunk_body_impl(uint64_t /*remaining*/, string_view body, error_code& /*ec*/) override { return add(body); }
  void on_response_impl(int /*status*/, string_view /*reason*/, int /*version*/, error_code& /*ec*/) override {}
  void on_body_init_impl(const boost::optional<uint64_t>& /*length*/, error_code& /*ec*/) override {}
  void on_finish_impl(error_code& /*ec*/) override {}

 private:
  /// A path with its query, or both behind the server's own name.
  void set_target() {
    std::string_view target = target_;
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (!lower_case(target.substr(0, scheme.size())).starts_with(scheme)) continue;
      target.remove_prefix(scheme.size());
      const std::string_view name = target.substr(0, target.find_first_of("/?"));
      if (lower_case(name) != lower_case(request.host))
        refuse_malformed("the target names another host than Host does");
      target.remove_prefix(name.size());
      if (target.empty()) target = "/";
      break;
    }
    const bool is_plain = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!target.starts_with('/') || !is_plain || target.find('#') != std::string_view::npos) {
      refuse_malformed("the target is not a path");
    }
    const size_t query = std::min(target.size(), target.find('?'));
    request.path = decoded(target.substr(0, query), false);
    request.query = query_of(target.substr(std::min(target.size(), query + 1)));
  }

  /// What tells where the body ends.
  void set_framing() const {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!std::all_of(length_.begin(), length_.end(), is_digit)) refuse_malformed("Content-Length is not a number");
    if (!length_.empty() && !transfer_encoding_.empty()) refuse_malformed("Content-Length beside Transfer-Encoding");
    if (!transfer_encoding_.empty() && request.is_http_1_0) refuse_malformed("Transfer-Encoding in HTTP/1.0");
    if (!transfer_encoding_.empty() && lower_case(transfer_encoding_) != "chunked") {
      throw Refusal{501, "expected of Transfer-Encoding: chunked, or no such header"};
    }
    if (!length_.empty()) require_body(*content_length());
  }

  void require_body(uint64_t more) const {
    if (more > max_body_bytes_ - std::min(max_body_bytes_, uint64_t{request.body.size()})) {
      throw Refusal{413, fmt::format("the body is larger than {} bytes", max_body_bytes_)};
    }
  }

  size_t add(string_view body) {
    request.body.append(body.data(), body.size());
    return body.size();
  }

  uint64_t max_body_bytes_;
  std::string target_;
  std::string length_;
  std::string transfer_encoding_;
  std::string expect_;
};

RequestReader::RequestReader(uint64_t max_body_bytes)
    : max_body_bytes_(max_body_bytes), parser_(std::make_unique<Parser>(max_body_bytes)) {}
RequestReader::~RequestReader() = default;

bool RequestReader::has_head() const { return parser_->is_header_done(); }
bool RequestReader::is_complete() const { return parser_->is_done(); }
bool RequestReader::keeps_alive() const { return parser_->keeps_alive; }
bool RequestReader::waits_for_a_word() const { return parser_->waits_for_a_word; }
const Request& RequestReader::request() const { return parser_->request; }

size_t RequestReader::read(std::string_view bytes) {
  if (bytes.empty() || is_complete()) return 0;
  if (!has_head()) {
    const std::string_view head = bytes.substr(0, kMaxHeadBytes);
    const size_t end = head.find("\r\n\r\n");
    require_lines(head.substr(0, end));
    if (end == std::string_view::npos) {
      if (head.size() == kMaxHeadBytes) {
        throw Refusal{431, fmt::format("the headers are larger than {} bytes", kMaxHeadBytes)};
      }
      return 0;
    }
  }
  // Boost's parser, called again after "0\r\n" began the end of an empty body, asserts that this end is there in whole.
  if (has_head() && parser_->chunked() && bytes.size() < kMinChunkedEnd) return 0;
  beast::error_code error;
  const size_t taken = parser_->put({bytes.data(), bytes.size()}, error);
  if (error == http::error::bad_version) throw Refusal{505, "expected HTTP/1.1 or HTTP/1.0"};
  if (error && error != http::error::need_more) refuse_malformed(error.message());
  if (parser_->trailers != nullptr) require_lines({parser_->trailers, bytes.data() + taken});
  if (!is_complete()) {  // a chunk's line, or trailers, which the parser takes only when they are there in whole
    require_lines(bytes.substr(taken));
    if (bytes.size() - taken > kMaxHeadBytes) refuse_malformed("a line without end");
  }
  return taken;
}

Request RequestReader::take() {
  Request request = std::move(parser_->request);
  parser_ = std::make_unique<Parser>(max_body_bytes_);
  return request;
}

}  // namespace digitrec::serve
