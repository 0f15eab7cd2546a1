#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  std::string body;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers{};
};

/// Answers a request that was not answered at once; called once, on any thread.
using Respond = std::function<void(Response)>;
/// What a handler returns: the response, or a function that will have `Respond` called with it. Both are called on the
/// thread that serves all clients, so they must return soon.
using Answer = std::variant<Response, std::function<void(Respond)>>;
using Handler = std::function<Answer(Request&&)>;

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6
  uint16_t port = 0;                  ///< 0: any free port
  uint64_t max_body_bytes = 16 << 20;
  uint64_t max_waiting_bytes = 256 << 20;  ///< of all bodies together
  int64_t max_waiting_requests = 256;      ///< that a handler has not answered yet
  unsigned max_connections = 1000;
  /// Time for a client to send a request, and again to take its answer; then its connection is cut.
  double seconds = 20;
  std::map<std::string, std::string> headers{};  ///< of every answer
  std::function<void(int status)> on_refusal{};  ///< called for requests answered without the handler
};

/// An HTTP/1.1 server on one thread, over libmicrohttpd. What it refuses by itself (too large bodies and headers, too
/// many connections, malformed requests) never reaches the handler.
class HttpServer {
 public:
  /// Starts to serve. Throws Error when the address cannot be bound.
  HttpServer(const HttpOptions& options, Handler handler);
  /// Takes no more connections, answers open requests and those that slow clients finish in the next 10 seconds, and
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
