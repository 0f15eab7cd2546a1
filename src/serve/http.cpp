#include "serve/http.h"

#include "digitrec/core/error.h"

#include <microhttpd.h>
#include <spdlog/fmt/fmt.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

namespace digitrec::serve {
namespace {

using Clock = std::chrono::steady_clock;

/// Room for a request's line and headers; more is answered with 431.
constexpr size_t kHeaderBytes = 32 << 10;
/// How long the destructor waits for answers.
constexpr double kGraceSeconds = 10;

/// One request on its way.
struct Exchange {
  Request request;
  uint64_t counted_bytes = 0;  ///< of the body, in the server's sum
  std::optional<Response> response;
};

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? "" : value;
}

sockaddr_storage parse_address(const std::string& text, uint16_t port) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
  } else {
    throw UsageError(fmt::format("{}: not an IP address; expected one such as 127.0.0.1 or 0.0.0.0", text));
  }
  return storage;
}

std::string error_body(std::string_view message) { return fmt::format("{{\"error\":\"{}\"}}\n", message); }

}  // namespace

class HttpServer::Daemon {
 public:
  Daemon(const HttpOptions& options, Handler handler) : options_(options), handler_(std::move(handler)) {
    // Every connection is a file; the usual limit of 1024 would leave none for checkpoints and corrections.
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
      files.rlim_cur = files.rlim_max;
      setrlimit(RLIMIT_NOFILE, &files);
    }
    const sockaddr_storage address = parse_address(options.address, options.port);
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME;
    if (address.ss_family == AF_INET6) flags |= MHD_USE_IPv6;
    errno = 0;
    daemon_ = MHD_start_daemon(flags, options.port, nullptr, nullptr, &Daemon::on_request, this,           //
                               MHD_OPTION_SOCK_ADDR, reinterpret_cast<const sockaddr*>(&address),          //
                               MHD_OPTION_CONNECTION_LIMIT, options.max_connections,                       //
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderBytes,                           //
                               MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(options.seconds) + 1,  //
                               MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024U, MHD_OPTION_STRICT_FOR_CLIENT, 1,     //
                               MHD_OPTION_NOTIFY_COMPLETED, &Daemon::on_completed, this,                   //
                               MHD_OPTION_NOTIFY_CONNECTION, &Daemon::on_connection, this, MHD_OPTION_END);
    if (daemon_ == nullptr) {
      throw Error(fmt::format("{}: cannot listen on port {}: {}", options.address, options.port,
                              errno == 0 ? "is it taken?" : std::strerror(errno)),
                  "choose another `address` or `port`");
    }
    watch_ = std::jthread([this](const std::stop_token& stop) { cut_slow_connections(stop); });
  }

  ~Daemon() {
    is_stopping_ = true;
    const MHD_socket listening = MHD_quiesce_daemon(daemon_);
    {
      std::unique_lock lock(mutex_);
      const auto all_are_answered = [this] { return exchanges_ == 0; };
      all_answered_.wait_for(lock, std::chrono::duration<double>(kGraceSeconds), all_are_answered);
      // Slow clients are no longer waited for, but handlers are: libmicrohttpd aborts the program when it is stopped
      // with a suspended connection. From here on no connection is suspended.
      takes_no_more_ = true;
      all_answered_.wait(lock, [this] { return suspended_ == 0; });
      all_answered_.wait_for(lock, std::chrono::seconds(1), all_are_answered);
    }
    watch_.request_stop();
    watch_.join();
    MHD_stop_daemon(daemon_);
    if (listening != MHD_INVALID_SOCKET) close(listening);
  }

  uint16_t port() const { return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port; }
  unsigned connections() const {
    return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
  }

 private:
  // ---- callbacks of libmicrohttpd, all on its one thread

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* /*version*/, const char* data, size_t* size, void** state) {
    auto& daemon = *static_cast<Daemon*>(self);
    try {
      if (*state == nullptr) {
        Exchange* exchange = daemon.begin(connection, url, method);
        *state = exchange;
        // Answered before the body is read, which closes the connection.
        return exchange->response ? daemon.send(connection, *exchange) : MHD_YES;
      }
      auto& exchange = *static_cast<Exchange*>(*state);
      if (*size > 0) {
        const bool is_taken = daemon.take(exchange, {data, *size});
        *size = 0;
        return is_taken ? MHD_YES : MHD_NO;
      }
      return daemon.finish(connection, exchange);
    } catch (const std::exception&) {  // out of memory, say; no exception may pass through C
      return MHD_NO;
    }
  }

  static void on_completed(void* self, MHD_Connection* connection, void** state, MHD_RequestTerminationCode /*why*/) {
    auto& daemon = *static_cast<Daemon*>(self);
    daemon.touch(connection);
    if (*state == nullptr) return;
    auto* exchange = static_cast<Exchange*>(*state);
    *state = nullptr;
    daemon.waiting_bytes_ -= exchange->counted_bytes;
    delete exchange;
    const std::lock_guard lock(daemon.mutex_);
    --daemon.exchanges_;
    daemon.all_answered_.notify_all();
  }

  static void on_connection(void* self, MHD_Connection* connection, void** /*state*/,
                            MHD_ConnectionNotificationCode what) {
    auto& daemon = *static_cast<Daemon*>(self);
    const std::lock_guard lock(daemon.mutex_);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
      daemon.since_.erase(connection);
    } else {
      const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
      daemon.since_[connection] = {info->connect_fd, Clock::now()};
    }
  }

  // ---- the steps of an exchange

  Exchange* begin(MHD_Connection* connection, const char* url, const char* method) {
    touch(connection);
    auto exchange = std::make_unique<Exchange>();
    Request& request = exchange->request;
    request.method = method;
    request.path = url;
    request.host = header(connection, MHD_HTTP_HEADER_HOST);
    request.origin = header(connection, "Origin");
    request.content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    const auto add = [](void* query, MHD_ValueKind, const char* key, const char* value) {
      (*static_cast<std::map<std::string, std::string>*>(query))[key] = value == nullptr ? "" : value;
      return MHD_YES;
    };
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add, &request.query);
    // A body that announces too large a size is refused before it is sent.
    const std::string length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length.size() > 12 ||
        (!length.empty() && std::strtoull(length.c_str(), nullptr, 10) > options_.max_body_bytes)) {
      refuse(*exchange, 413, fmt::format("the body is larger than {} bytes", options_.max_body_bytes));
    }
    const std::lock_guard lock(mutex_);
    ++exchanges_;
    return exchange.release();
  }

  /// Returns false to cut the connection: a chunked body can be endless, and cannot be answered before its end.
  bool take(Exchange& exchange, std::string_view data) {
    if (exchange.response) return true;
    if (exchange.request.body.size() + data.size() > options_.max_body_bytes) return false;
    exchange.counted_bytes += data.size();
    waiting_bytes_ += data.size();
    if (waiting_bytes_ > options_.max_waiting_bytes) {
      refuse(exchange, 503, "too many requests at once; try again");
      return true;
    }
    exchange.request.body.append(data);
    return true;
  }

  MHD_Result finish(MHD_Connection* connection, Exchange& exchange) {
    touch(connection);
    if (!exchange.response) {
      Answer answer = handler_(std::move(exchange.request));
      if (auto* later = std::get_if<std::function<void(Respond)>>(&answer)) {
        return suspend(connection, exchange, *later);
      }
      exchange.response = std::get<Response>(std::move(answer));
    }
    return send(connection, exchange);
  }

  /// Leaves the connection alone until the handler has its answer.
  MHD_Result suspend(MHD_Connection* connection, Exchange& exchange, const std::function<void(Respond)>& later) {
    {
      const std::lock_guard lock(mutex_);
      if (takes_no_more_) return MHD_NO;
      if (suspended_ < options_.max_waiting_requests) {
        ++suspended_;
      } else {
        refuse(exchange, 503, "too many requests at once; try again");
      }
    }
    if (exchange.response) return send(connection, exchange);
    const auto respond = [this, connection, &exchange](Response response) {
      exchange.response = std::move(response);
      MHD_resume_connection(connection);
      const std::lock_guard lock(mutex_);
      --suspended_;
      all_answered_.notify_all();
    };
    MHD_suspend_connection(connection);
    try {
      later(respond);
    } catch (const std::exception&) {  // before the work began
      respond({500, "application/json", error_body("the server is out of memory")});
    }
    return MHD_YES;
  }

  void refuse(Exchange& exchange, int status, std::string_view message) const {
    if (options_.on_refusal) options_.on_refusal(status);
    exchange.response = Response{status, "application/json", error_body(message), {{"Connection", "close"}}};
    exchange.request.body = {};
  }

  MHD_Result send(MHD_Connection* connection, const Exchange& exchange) const {
    const Response& response = *exchange.response;
    MHD_Response* reply = MHD_create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                                          MHD_RESPMEM_MUST_COPY);
    if (reply == nullptr) return MHD_NO;
    if (!response.content_type.empty()) {
      MHD_add_response_header(reply, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
    }
    for (const auto& [name, value] : options_.headers) MHD_add_response_header(reply, name.c_str(), value.c_str());
    for (const auto& [name, value] : response.headers) MHD_add_response_header(reply, name.c_str(), value.c_str());
    if (is_stopping_) MHD_add_response_header(reply, MHD_HTTP_HEADER_CONNECTION, "close");
    const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), reply);
    MHD_destroy_response(reply);
    return queued;
  }

  // ---- slow clients

  void touch(MHD_Connection* connection) {
    const std::lock_guard lock(mutex_);
    if (const auto found = since_.find(connection); found != since_.end()) found->second.time = Clock::now();
  }

  /// libmicrohttpd only limits how long a client is silent: a byte now and then would hold a connection for ever.
  void cut_slow_connections(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      watch_wakes_.wait_for(lock, stop, std::chrono::milliseconds(250), [] { return false; });
      const auto limit =
          Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
      for (auto& [connection, since] : since_) {
        if (since.time < limit) shutdown(since.socket, SHUT_RDWR);
      }
    }
  }

  struct Since {
    MHD_socket socket;
    Clock::time_point time;  ///< when it was opened, or last got to the next stage of a request
  };

  HttpOptions options_;
  Handler handler_;
  MHD_Daemon* daemon_ = nullptr;
  std::atomic<uint64_t> waiting_bytes_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::mutex mutex_;  // of what follows
  std::unordered_map<MHD_Connection*, Since> since_;
  int64_t exchanges_ = 0;
  int64_t suspended_ = 0;  ///< of them, those that wait for a handler
  bool takes_no_more_ = false;
  std::condition_variable all_answered_;
  std::condition_variable_any watch_wakes_;
  std::jthread watch_;
};

HttpServer::HttpServer(const HttpOptions& options, Handler handler)
    : daemon_(std::make_unique<Daemon>(options, std::move(handler))) {}
HttpServer::~HttpServer() = default;
uint16_t HttpServer::port() const { return daemon_->port(); }
unsigned HttpServer::connections() const { return daemon_->connections(); }

}  // namespace digitrec::serve
