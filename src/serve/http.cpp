#include "serve/http.h"

#include "digitrec/core/error.h"
#include "serve/refusal.h"
#include "serve/request_reader.h"
#include "serve/response_head.h"
#include "serve/shares.h"

#include <spdlog/fmt/fmt.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

namespace digitrec::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// How long the destructor waits for answers.
constexpr double kGraceSeconds = 3;
/// A body or an answer that moves more slowly gets no more time, and none gets more than this.
constexpr double kMinBytesPerSecond = 32 << 10;
constexpr double kMaxSeconds = 300;
/// How often clients are looked at that have had their time.
constexpr auto kTick = std::chrono::milliseconds(100);
/// What is taken from a client before its last request is answered.
constexpr size_t kMaxAhead = 64 << 10;
/// What is still read from a client that is answered before it has sent all: closed at once, it might lose its answer.
constexpr size_t kMaxDiscarded = 40 << 20;
/// How long nothing may come from it meanwhile.
constexpr double kLingerSeconds = 2;
/// The system's own buffers of each connection, which would grow to some megabytes.
constexpr int kSystemBuffer = 256 << 10;
/// An answer of which nothing was taken for so long makes room for others.
constexpr double kStalledSeconds = 1;
/// Bytes written to a client before others have their turn.
constexpr size_t kMaxWritten = 1 << 20;

double seconds_since(Clock::time_point time) { return std::chrono::duration<double>(Clock::now() - time).count(); }

/// Addresses of one client: in IPv6 a network of 2^64 is usually one.
std::string client_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

bool is_loopback(const std::string& client) { return client.starts_with("127.") || client == "::"; }

/// Who asks, of a client behind a proxy on this machine: the address that the proxy has put last. Anybody else could
/// make one up.
std::string client_of(const std::string& peer, const std::string& forwarded_for) {
  const size_t last = forwarded_for.find_last_of(", ");
  error_code error;
  const auto address = asio::ip::make_address(forwarded_for.substr(last == std::string::npos ? 0 : last + 1), error);
  return is_loopback(peer) && !error ? client_of(address) : peer;
}

/// A client, and the one request of it that is on its way.
struct Connection {
  Connection(tcp::socket accepted, uint64_t max_body_bytes) : socket(std::move(accepted)), reader(max_body_bytes) {}

  /// reading a request, working on it, answering it; then reading the next one, or closing once the client has closed.
  enum class Stage { reading, working, answering, closing };

  tcp::socket socket;
  std::string peer;
  RequestReader reader;
  Stage stage = Stage::reading;
  Clock::time_point since = Clock::now();  ///< of this stage
  Clock::time_point moved = since;         ///< when the client last took or sent some
  std::string received;                    ///< what came
  size_t taken = 0;                        ///< of it, that the reader has taken
  size_t discarded = 0;
  bool listens = false;  ///< to what comes from the client
  bool was_told_to_send = false;

  std::shared_ptr<Shares::Share> body;  ///< what the request's body has taken
  size_t counted_bytes = 0;
  std::stop_source stop;  ///< of the request
  bool is_head = false;
  bool is_http_1_0 = false;
  bool keeps_alive = false;

  std::string head;  ///< of the answer
  std::string text;
  size_t written = 0;
  size_t answer_bytes() const { return head.size() + text.size(); }
};

}  // namespace

class HttpServer::Daemon {
 public:
  Daemon(const HttpOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        bodies_(std::make_shared<Shares>(options.max_waiting_bytes)),
        waiting_(std::make_shared<Shares>(options.max_waiting_requests)),
        loop_(std::make_shared<asio::io_context>(1)),
        acceptor_(*loop_),
        timer_(*loop_) {
    raise_file_limit();
    listen();
    accept();
    tick();
    thread_ = std::jthread([this] { run(); });
  }

  ~Daemon() {
    asio::post(*loop_, [this] { begin_to_stop(); });
    thread_.join();
    for (const auto& connection : std::vector(connections_.begin(), connections_.end())) close(connection);
  }

  uint16_t port() const { return port_; }
  unsigned connections() const { return open_; }

 private:
  using Client = std::shared_ptr<Connection>;
  using Stage = Connection::Stage;

  // ---- the start

  /// Every connection is a file; the usual limit of 1024 would leave none for checkpoints and corrections.
  static void raise_file_limit() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }

  void listen() {
    error_code error;
    const asio::ip::address address = asio::ip::make_address(options_.address, error);
    if (error) {
      throw UsageError(
          fmt::format("{}: not an IP address; expected one such as 127.0.0.1 or 0.0.0.0", options_.address));
    }
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
    // Of the connections, which inherit it.
    if (!error) acceptor_.set_option(tcp::acceptor::send_buffer_size(kSystemBuffer), error);
    if (!error) acceptor_.set_option(tcp::acceptor::receive_buffer_size(kSystemBuffer), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(1024, error);
    if (error) {
      throw Error(fmt::format("{}: cannot listen on port {}: {}", options_.address, options_.port, error.message()),
                  "choose another `address` or `port`");
    }
    port_ = acceptor_.local_endpoint().port();
  }

  void run() {
    for (;;) {
      try {
        loop_->run();
        return;
      } catch (const std::exception&) {  // out of memory: what it was about is lost, the others are served
      }
    }
  }

  /// Runs a step of one client; whatever goes wrong in it ends this client's connection alone.
  template <class Step>
  void with(const Client& client, const Step& step) {
    try {
      step();
    } catch (const std::exception&) {
      close(client);
    }
  }

  // ---- connections

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      accepts_ = !error;  // out of files, say: tried again later
      if (error) return;
      admit(std::move(socket));
      accept();
    });
  }

  void admit(tcp::socket socket) {
    error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error || (connections_.size() >= options_.max_connections && !make_room())) return;
    socket.non_blocking(true, error);
    socket.set_option(tcp::no_delay(true), error);
    const auto client = std::make_shared<Connection>(std::move(socket), options_.max_body_bytes);
    client->peer = client_of(peer.address());
    connections_.insert(client);
    open_ = static_cast<unsigned>(connections_.size());
    hear(client);
  }

  /// Closes the connection that has waited longest for a request, of the address with most of those.
  bool make_room() {
    std::map<std::string, size_t> counts;
    const auto waits = [](const Client& client) {
      return client->stage == Stage::closing || (client->stage == Stage::reading && !client->reader.has_head());
    };
    for (const Client& client : connections_) counts[client->peer] += waits(client) ? 1 : 0;
    Client victim;
    for (const Client& client : connections_) {
      if (!waits(client)) continue;
      const bool is_next = !victim || counts[client->peer] > counts[victim->peer] ||
                           (counts[client->peer] == counts[victim->peer] && client->since < victim->since);
      if (is_next) victim = client;
    }
    if (victim) close(victim);
    return victim != nullptr;
  }

  void close(const Client& client) {
    if (connections_.erase(client) == 0) return;
    open_ = static_cast<unsigned>(connections_.size());
    forget_answer(*client);
    stop_work(*client);
    error_code error;
    client->socket.close(error);
  }

  /// Nobody needs the request's answer any more.
  void stop_work(Connection& client) {
    if (client.stage != Stage::working) return;
    client.stop.request_stop();
    if (options_.on_stop) options_.on_stop();
  }

  // ---- what a client sends

  void hear(const Client& client) {
    if (client->listens) return;
    client->listens = true;
    client->socket.async_wait(tcp::socket::wait_read, [this, client](const error_code& error) {
      client->listens = false;
      with(client, [&] { error ? close(client) : receive(client); });
    });
  }

  void receive(const Client& client) {
    if (client->stage == Stage::answering || !client->socket.is_open()) return;  // later
    error_code error;
    const size_t count = client->socket.read_some(asio::buffer(buffer_), error);
    if (error == asio::error::would_block) return hear(client);
    // A client that has sent all it will send and still waits looks like one that has left; few do it.
    if (error) return close(client);
    if (client->stage == Stage::closing) {
      client->discarded += count;
      client->moved = Clock::now();
      return client->discarded > kMaxDiscarded ? close(client) : hear(client);
    }
    if (client->received.empty() && client->stage == Stage::reading && !client->reader.has_head()) {
      client->since = Clock::now();  // a request begins
    }
    client->received.append(buffer_.data(), count);
    if (client->stage == Stage::reading) return read(client);
    if (client->received.size() < kMaxAhead) hear(client);
  }

  void read(const Client& client) {
    try {
      client->taken += client->reader.read(std::string_view(client->received).substr(client->taken));
      // Now and then, not for each of many small requests.
      if (client->taken == client->received.size() || client->taken > kMaxAhead) {
        client->received.erase(0, std::exchange(client->taken, 0));
      }
      if (client->reader.has_head()) count_body(*client);
    } catch (const Refusal& refusal) {
      return refuse(client, refusal.status, refusal.message);
    }
    if (client->reader.is_complete()) return work(client);
    if (client->reader.waits_for_a_word() && !client->was_told_to_send) {
      client->was_told_to_send = true;
      constexpr std::string_view kWord = "HTTP/1.1 100 Continue\r\n\r\n";  // fits into any buffer
      error_code error;
      client->socket.write_some(asio::buffer(kWord), error);
    }
    hear(client);
  }

  void count_body(Connection& client) {
    const Request& request = client.reader.request();
    if (!client.body) client.body = bodies_->share_of(client_of(client.peer, request.forwarded_for));
    const size_t more = request.body.size() - client.counted_bytes;
    client.counted_bytes += more;
    if (more > 0 && !client.body->take(more)) throw Refusal{503, "too much at once; try again"};
  }

  // ---- the work

  void work(const Client& client) {
    client->keeps_alive = client->reader.keeps_alive() && !is_stopping_;
    Request request = client->reader.take();
    client->is_head = request.method == "HEAD";
    client->is_http_1_0 = request.is_http_1_0;
    client->stop = {};
    client->stage = Stage::working;
    client->since = Clock::now();
    client->was_told_to_send = false;
    client->counted_bytes = 0;
    request.client = client_of(client->peer, request.forwarded_for);
    request.stop = client->stop.get_token();
    request.hold = std::exchange(client->body, nullptr);
    const std::shared_ptr<Shares::Share> place = waiting_->share_of(request.client);
    Answer answer = handler_(std::move(request));
    if (auto* response = std::get_if<Response>(&answer)) return this->answer(client, std::move(*response));
    if (!place->take(1)) return refuse(client, 503, "too many requests at once; try again");
    hear(client);  // whether it leaves
    const auto respond = [this, loop = loop_, place, weak = std::weak_ptr(client)](Response response) {
      // The loop may have come to its end, and `this` be gone: then it is never run.
      asio::post(*loop, [this, weak, response = std::move(response)]() mutable {
        const Client still = weak.lock();
        if (!still || still->stage != Stage::working) return;
        with(still, [&] { this->answer(still, std::move(response)); });
      });
    };
    try {
      std::get<std::function<void(Respond)>>(answer)(respond);
    } catch (const std::exception&) {  // before the work began
      this->answer(client, {500, "application/json", error_body("the server is out of memory")});
    }
  }

  void refuse(const Client& client, int status, std::string_view message) {
    if (options_.on_refusal) options_.on_refusal(status);
    stop_work(*client);
    client->keeps_alive = false;
    answer(client, {status, "application/json", error_body(message)});
  }

  // ---- the answer

  void answer(const Client& client, Response response) {
    client->stage = Stage::answering;
    client->since = client->moved = Clock::now();
    client->written = 0;
    client->keeps_alive = client->keeps_alive && !is_stopping_;
    const auto persistence = !client->keeps_alive  ? Persistence::closes
                             : client->is_http_1_0 ? Persistence::keeps_alive_in_1_0
                                                   : Persistence::keeps_alive;
    client->head = response_head(response, options_.headers, persistence);
    client->text = client->is_head ? "" : std::move(response.body);
    answer_bytes_ += client->answer_bytes();
    write(client);
    while (answer_bytes_ > options_.max_answer_bytes && close_slowest_taker(0)) {
    }
  }

  void write(const Client& client) {
    for (size_t turn = 0; turn < kMaxWritten;) {
      const size_t of_head = std::min(client->written, client->head.size());
      const size_t of_text = client->written - of_head;
      const std::array<asio::const_buffer, 2> rest{asio::buffer(client->head) + of_head,
                                                   asio::buffer(client->text) + of_text};
      error_code error;
      const size_t count = client->socket.write_some(rest, error);
      if (error == asio::error::would_block) {
        client->socket.async_wait(tcp::socket::wait_write, [this, client](const error_code& failed) {
          with(client, [&] { failed ? close(client) : write(client); });
        });
        return;
      }
      if (error) return close(client);
      turn += count;
      client->written += count;
      client->moved = Clock::now();
      if (client->written == client->answer_bytes()) return end_exchange(client);
    }
    asio::post(*loop_, [this, client] { with(client, [&] { write(client); }); });
  }

  void forget_answer(Connection& client) {
    answer_bytes_ -= client.answer_bytes();
    client.head = {};
    client.text = {};
  }

  void end_exchange(const Client& client) {
    forget_answer(*client);
    client->since = Clock::now();
    if (client->keeps_alive) {
      client->stage = Stage::reading;
      if (client->received.empty()) {
        client->received = {};
        return hear(client);
      }
      asio::post(*loop_, [this, client] {
        with(client, [&] {
          if (client->stage == Stage::reading && client->socket.is_open()) read(client);
        });
      });
      return;
    }
    client->stage = Stage::closing;
    client->moved = Clock::now();
    client->received = {};
    error_code error;
    client->socket.shutdown(tcp::socket::shutdown_send, error);
    hear(client);
  }

  /// Of the clients that have taken nothing for `seconds`, closes the one that took something longest ago.
  bool close_slowest_taker(double seconds) {
    Client slowest;
    for (const Client& client : connections_) {
      const bool counts = client->stage == Stage::answering && seconds_since(client->moved) >= seconds;
      if (counts && (!slowest || client->moved < slowest->moved)) slowest = client;
    }
    if (slowest) close(slowest);
    return slowest != nullptr;
  }

  // ---- time

  void tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](const error_code&) {
      if (!accepts_ && acceptor_.is_open()) {
        accepts_ = true;
        accept();
      }
      for (const Client& client : std::vector(connections_.begin(), connections_.end())) {
        with(client, [&] { limit_time(client); });
      }
      while (answer_bytes_ > options_.max_answer_bytes / 2 && close_slowest_taker(kStalledSeconds)) {
      }
      if (is_stopping_ && (connections_.empty() || seconds_since(stopping_since_) > kGraceSeconds))
        return loop_->stop();
      tick();
    });
  }

  void limit_time(const Client& client) {
    const double passed = seconds_since(client->since);
    const auto has_time = [&](size_t bytes) {
      return passed < std::min(kMaxSeconds, options_.seconds + static_cast<double>(bytes) / kMinBytesPerSecond);
    };
    switch (client->stage) {
      case Stage::reading:
        if (has_time(client->reader.request().body.size())) return;
        return client->reader.has_head() ? refuse(client, 408, "the body came too slowly") : close(client);
      case Stage::working:
        if (has_time(0)) return;
        return refuse(client, 503, fmt::format("not answered within {} seconds; try again", options_.seconds));
      case Stage::answering:
        if (!has_time(client->written)) close(client);
        return;
      case Stage::closing:
        if (!has_time(0) || seconds_since(client->moved) > (is_stopping_ ? kLingerSeconds / 4 : kLingerSeconds)) {
          close(client);
        }
        return;
    }
  }

  void begin_to_stop() {
    is_stopping_ = true;
    stopping_since_ = Clock::now();
    error_code error;
    acceptor_.close(error);
    for (const Client& client : std::vector(connections_.begin(), connections_.end())) {
      const bool asks = client->stage != Stage::reading || client->reader.has_head() || !client->received.empty();
      if (!asks) close(client);
    }
  }

  HttpOptions options_;
  Handler handler_;
  std::shared_ptr<Shares> bodies_;
  std::shared_ptr<Shares> waiting_;
  std::shared_ptr<asio::io_context> loop_;  // also of answers that come after the end
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  uint16_t port_ = 0;
  std::atomic<unsigned> open_ = 0;
  // Of the one thread.
  std::unordered_set<Client> connections_;
  uint64_t answer_bytes_ = 0;
  bool accepts_ = true;
  bool is_stopping_ = false;
  Clock::time_point stopping_since_;
  std::array<char, 64 << 10> buffer_{};
  std::jthread thread_;
};

HttpServer::HttpServer(const HttpOptions& options, Handler handler)
    : daemon_(std::make_unique<Daemon>(options, std::move(handler))) {}
HttpServer::~HttpServer() = default;
uint16_t HttpServer::port() const { return daemon_->port(); }
unsigned HttpServer::connections() const { return daemon_->connections(); }

}  // namespace digitrec::serve
