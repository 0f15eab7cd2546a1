#pragma once

#include "serve/http.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace digitrec::serve {

/// Reads the requests of one connection, as RFC 9112 writes them and no other way: what two servers might take
/// differently (two lengths, a length and chunks, folded lines, bare line feeds) is refused, so that no request can
/// hide in another one's body behind a proxy.
class RequestReader {
 public:
  explicit RequestReader(uint64_t max_body_bytes);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Reads to the end of a request at most, and returns how many of the bytes it has taken. The others are to be given
  /// again, with those that come behind them. Throws Refusal, and is of no use then.
  size_t read(std::string_view bytes);

  bool has_head() const;  ///< all but the body is read
  bool is_complete() const;
  bool keeps_alive() const;       ///< after this request; once it has its head
  bool waits_for_a_word() const;  ///< the client sends no body before it is told to (Expect: 100-continue)
  const Request& request() const;

  /// The complete request; the next one begins.
  Request take();

 private:
  class Parser;
  uint64_t max_body_bytes_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace digitrec::serve
