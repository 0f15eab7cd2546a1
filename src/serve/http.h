#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>

namespace digitrec::serve {

struct Request {
  std::string method;
  std::string path;                          ///< decoded, without the query
  std::map<std::string, std::string> query;  ///< decoded
  std::string host;                          ///< headers as they were sent; empty where missing
  std::string origin;
  std::string content_type;
  std::string content_encoding;
  std::string forwarded_for;
  std::string body;
  bool is_http_1_0 = false;

  /// Who asks: an address, for clients to have equal shares.
  std::string client;
  /// Stops when the client has left, or has waited too long: no answer is needed any more.
  std::stop_token stop;
  /// Accounts for the body; to be kept as long as it is.
  std::shared_ptr<void> hold;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers{};
};

/// Answers a request that was not answered at once; called at most once, on any thread. It may also be let go when
/// the request's `stop` has stopped.
using Respond = std::function<void(Response)>;
/// What a handler returns: the response, or a function that will have `Respond` called with it. Both are called on the
/// thread that serves all clients, so they must return soon.
using Answer = std::variant<Response, std::function<void(Respond)>>;
using Handler = std::function<Answer(Request&&)>;

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6; the IPv6 address :: takes IPv4 too
  uint16_t port = 0;                  ///< 0: any free port
  uint64_t max_body_bytes = 32 << 20;
  /// Of all bodies together. A client has at most half of what the others leave of this and of the next.
  uint64_t max_waiting_bytes = 96 << 20;
  uint64_t max_waiting_requests = 1024;  ///< that a handler has not answered yet
  uint64_t max_answer_bytes = 64 << 20;  ///< of all answers that clients have not taken yet
  size_t max_connections = 1000;
  /// Time for a client to send a request, for the handler to answer, and for the client to take the answer. Bodies and
  /// answers that go on coming or going at 32 kB/s or more have up to 5 minutes.
  double seconds = 20;
  std::map<std::string, std::string> headers{};  ///< of every answer
  std::function<void(int status)> on_refusal{};  ///< called for requests answered without the handler
  std::function<void()> on_stop{};               ///< called when the `stop` of a request has stopped
};

/// An HTTP/1.1 server on one thread. What it refuses by itself (too large bodies and headers, too much at once,
/// requests that are not well formed) never reaches the handler.
class HttpServer {
 public:
  /// Starts to serve. Throws Error when the address cannot be bound.
  HttpServer(const HttpOptions& options, Handler handler);
  /// Takes no more connections, answers open requests and those that slow clients finish in the next 3 seconds, and
  /// stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  /// Connections open now.
  unsigned connections() const;

 private:
  class Daemon;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace digitrec::serve
