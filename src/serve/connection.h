#pragma once

#include "serve/http.h"
#include "serve/request_reader.h"
#include "serve/shares.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

namespace digitrec::serve {

class Connection;

/// What the connections of a server share, most of it for its one thread alone.
struct ConnectionsContext {
  ConnectionsContext(const HttpOptions& with, Handler handles)
      : options(with),
        handler(std::move(handles)),
        bodies(std::make_shared<Shares>(with.max_waiting_bytes)),
        waiting(std::make_shared<Shares>(with.max_waiting_requests)),
        loop(std::make_shared<boost::asio::io_context>(1)) {}

  HttpOptions options;
  Handler handler;
  std::shared_ptr<Shares> bodies;
  std::shared_ptr<Shares> waiting;
  std::shared_ptr<boost::asio::io_context> loop;  ///< also of answers that come after the server's end
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::atomic<unsigned> open = 0;  ///< how many those are
  uint64_t answer_bytes = 0;       ///< of all answers that clients have not taken yet
  bool is_stopping = false;
  std::array<char, 64 << 10> buffer{};  ///< for what is read at a time
};

/// A client, and the one request of it that is on its way. It is in the context's `connections` until it is closed.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  /// `peer`: the client's address. Throws where the client has left already.
  Connection(boost::asio::ip::tcp::socket socket, std::string peer, ConnectionsContext& context);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to listen to the client.
  void start() { hear(); }
  void close();
  /// Ends what has had its time; to be called now and then.
  void limit_time();

  const std::string& peer() const { return peer_; }
  /// Whether the client has asked for something, and has no answer yet.
  bool has_asked() const { return stage_ != Stage::reading || reader_.has_head() || !received_.empty(); }
  /// Whether nothing is lost with it: the client has not sent the head of a request, or is answered.
  bool is_idle() const { return stage_ == Stage::closing || (stage_ == Stage::reading && !reader_.has_head()); }
  /// When it came to where it is now.
  Clock::time_point since() const { return since_; }

  /// Closes connections of which nothing was taken of an answer since `before`, longest ago first, until no more than
  /// `max_bytes` of answers are left.
  static void bound_answers(ConnectionsContext& context, uint64_t max_bytes, Clock::time_point before);

 private:
  /// Reading a request, working on it, answering it; then reading the next one, or closing once the client has closed.
  enum class Stage { reading, working, answering, closing };

  template <class Step>
  void guard(const Step& step);
  void enter(Stage stage);
  void hear();
  void receive();
  void read();
  void count_body();
  void work();
  void work_on(Request request);
  void stop_work();
  void refuse(int status, std::string_view message);
  void answer(Response response);
  void write();
  void forget_answer();
  void end_exchange();
  size_t answer_bytes() const { return head_.size() + text_.size(); }

  ConnectionsContext& context_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
  RequestReader reader_;
  Stage stage_ = Stage::reading;
  Clock::time_point since_ = Clock::now();
  Clock::time_point moved_ = since_;  ///< when the client last took or sent some
  bool is_listening_ = false;         ///< to what comes from the client

  std::string received_;                 ///< what came
  size_t taken_ = 0;                     ///< of it, that the reader has taken
  size_t discarded_ = 0;                 ///< what came while closing
  std::shared_ptr<Shares::Share> body_;  ///< what the request's body has taken of the room for bodies
  size_t counted_bytes_ = 0;
  bool was_told_to_send_ = false;

  std::stop_source stop_;  ///< of the request
  bool is_head_request_ = false;
  bool is_http_1_0_ = false;
  bool keeps_alive_ = false;

  std::string head_;  ///< of the answer
  std::string text_;
  size_t written_ = 0;
};

/// Who asks, for clients to have equal shares: an IPv4 address, or an IPv6 network of 2^64 addresses, which usually are
/// one client's.
std::string client_of(const boost::asio::ip::address& address);

}  // namespace digitrec::serve
