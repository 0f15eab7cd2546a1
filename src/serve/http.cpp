#include "serve/http.h"

#include "digitrec/core/error.h"
#include "serve/connection.h"

#include <spdlog/fmt/fmt.h>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>

#include <map>
#include <thread>
#include <vector>

namespace digitrec::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = Connection::Clock;

/// How long the destructor waits for answers.
constexpr auto kGrace = std::chrono::seconds(3);
/// How often clients are looked at that have had their time.
constexpr auto kTick = std::chrono::milliseconds(100);
/// An answer of which nothing was taken for so long makes room for others.
constexpr auto kStalled = std::chrono::seconds(1);
/// The system's own buffers of each connection, which would grow to some megabytes.
constexpr int kSystemBuffer = 256 << 10;

/// Every connection is a file; the usual limit of 1024 would leave none for checkpoints and corrections.
void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

class HttpServer::Daemon {
 public:
  Daemon(const HttpOptions& options, Handler handler)
      : context_(options, std::move(handler)), acceptor_(*context_.loop), timer_(*context_.loop) {
    raise_file_limit();
    listen();
    accept();
    tick();
    thread_ = std::jthread([this] { run(); });
  }

  ~Daemon() {
    asio::post(*context_.loop, [this] { begin_to_stop(); });
    thread_.join();
    for (const Client& client : all()) client->close();
  }

  uint16_t port() const { return port_; }
  unsigned connections() const { return context_.open; }

 private:
  using Client = std::shared_ptr<Connection>;

  void listen() {
    const std::string& name = context_.options.address;
    error_code error;
    const asio::ip::address address = asio::ip::make_address(name, error);
    if (error) {
      throw UsageError(fmt::format("{}: not an IP address; expected one such as 127.0.0.1 or 0.0.0.0", name));
    }
    const tcp::endpoint endpoint(address, context_.options.port);
    try {
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      if (address.is_v6()) acceptor_.set_option(asio::ip::v6_only(false));
      // Of the connections, which inherit it.
      acceptor_.set_option(tcp::acceptor::send_buffer_size(kSystemBuffer));
      acceptor_.set_option(tcp::acceptor::receive_buffer_size(kSystemBuffer));
      acceptor_.bind(endpoint);
      acceptor_.listen(1024);
    } catch (const boost::system::system_error& failure) {
      throw Error(
          fmt::format("{}: cannot listen on port {}: {}", name, context_.options.port, failure.code().message()),
          "choose another `address` or `port`");
    }
    port_ = acceptor_.local_endpoint().port();
  }

  void run() {
    for (;;) {
      try {
        context_.loop->run();
        return;
      } catch (const std::exception&) {  // out of memory: what it was about is lost, the others are served
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      accepts_ = !error;  // out of files, say: tried again later
      if (error) return;
      try {
        admit(std::move(socket));
      } catch (const std::exception&) {  // it has left already, or there is no memory: it alone is lost
      }
      accept();
    });
  }

  void admit(tcp::socket socket) {
    const tcp::endpoint peer = socket.remote_endpoint();
    if (context_.connections.size() >= context_.options.max_connections && !make_room()) return;
    const auto client = std::make_shared<Connection>(std::move(socket), client_of(peer.address()), context_);
    context_.connections.insert(client);
    context_.open = static_cast<unsigned>(context_.connections.size());
    client->start();
  }

  /// Closes the connection that has been idle longest, of the address with most of those.
  bool make_room() {
    std::map<std::string, size_t> counts;
    for (const Client& client : context_.connections) counts[client->peer()] += client->is_idle() ? 1 : 0;
    Client victim;
    for (const Client& client : context_.connections) {
      if (!client->is_idle()) continue;
      const size_t count = counts[client->peer()];
      const size_t most = victim ? counts[victim->peer()] : 0;
      if (count > most || (count == most && client->since() < victim->since())) victim = client;
    }
    if (victim) victim->close();
    return victim != nullptr;
  }

  void tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](const error_code&) {
      if (!accepts_ && acceptor_.is_open()) {
        accepts_ = true;
        accept();
      }
      for (const Client& client : all()) client->limit_time();
      Connection::bound_answers(context_, context_.options.max_answer_bytes / 2, Clock::now() - kStalled);
      if (context_.is_stopping && (context_.connections.empty() || Clock::now() > stops_)) return context_.loop->stop();
      tick();
    });
  }

  void begin_to_stop() {
    context_.is_stopping = true;
    stops_ = Clock::now() + kGrace;
    error_code ignored;
    static_cast<void>(acceptor_.close(ignored));
    for (const Client& client : all()) {
      if (!client->has_asked()) client->close();
    }
  }

  /// While they are gone through, some may close.
  std::vector<Client> all() const { return {context_.connections.begin(), context_.connections.end()}; }

  ConnectionsContext context_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  uint16_t port_ = 0;
  bool accepts_ = true;  // these two of the one thread
  Clock::time_point stops_;
  std::jthread thread_;
};

HttpServer::HttpServer(const HttpOptions& options, Handler handler)
    : daemon_(std::make_unique<Daemon>(options, std::move(handler))) {}
HttpServer::~HttpServer() = default;
uint16_t HttpServer::port() const { return daemon_->port(); }
unsigned HttpServer::connections() const { return daemon_->connections(); }

}  // namespace digitrec::serve
