#include "serve/connection.h"

#include "serve/refusal.h"
#include "serve/response_head.h"

#include <spdlog/fmt/fmt.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace digitrec::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// A body or an answer that moves more slowly gets no more time, and none gets more than this.
constexpr double kMinBytesPerSecond = 32 << 10;
constexpr double kMaxSeconds = 300;
/// What is taken from a client before its last request is answered.
constexpr size_t kMaxAhead = 64 << 10;
/// What is still read from a client that is answered before it has sent all: closed at once, it might lose its answer.
constexpr size_t kMaxDiscarded = 40 << 20;
/// How long nothing may come from it meanwhile.
constexpr double kLingerSeconds = 2;
/// Bytes written to a client before others have their turn.
constexpr size_t kMaxWritten = 1 << 20;

double seconds_since(Connection::Clock::time_point time) {
  return std::chrono::duration<double>(Connection::Clock::now() - time).count();
}

bool is_loopback(const std::string& client) { return client.starts_with("127.") || client == "::"; }

/// Who asks, of a client behind a proxy on this machine: the address that the proxy has put last. Anybody else could
/// make one up.
std::string client_of(const std::string& peer, const std::string& forwarded_for) {
  const size_t last = forwarded_for.find_last_of(", ");
  error_code error;
  const auto address = asio::ip::make_address(forwarded_for.substr(last == std::string::npos ? 0 : last + 1), error);
  return is_loopback(peer) && !error ? serve::client_of(address) : peer;
}

}  // namespace

std::string client_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  return asio::ip::address_v6(bytes).to_string();
}

Connection::Connection(tcp::socket socket, std::string peer, ConnectionsContext& context)
    : context_(context), socket_(std::move(socket)), peer_(std::move(peer)), reader_(context.options.max_body_bytes) {
  socket_.non_blocking(true);
  socket_.set_option(tcp::no_delay(true));
}

/// Runs a step; whatever goes wrong in it ends this connection alone.
template <class Step>
void Connection::guard(const Step& step) {
  try {
    step();
  } catch (const std::exception&) {
    close();
  }
}

void Connection::close() {
  if (context_.connections.erase(shared_from_this()) == 0) return;
  context_.open = static_cast<unsigned>(context_.connections.size());
  forget_answer();
  stop_work();
  error_code ignored;
  static_cast<void>(socket_.close(ignored));
}

void Connection::enter(Stage stage) {
  stage_ = stage;
  since_ = moved_ = Clock::now();
}

// ---- what the client sends

void Connection::hear() {
  if (is_listening_) return;
  is_listening_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->is_listening_ = false;
    self->guard([&] { error ? self->close() : self->receive(); });
  });
}

void Connection::receive() {
  if (stage_ == Stage::answering || !socket_.is_open()) return;  // later
  error_code error;
  const size_t count = socket_.read_some(asio::buffer(context_.buffer), error);
  if (error == asio::error::would_block) return hear();
  // A client that has sent all it will send and still waits looks like one that has left; few do it.
  if (error) return close();
  if (stage_ == Stage::closing) {
    discarded_ += count;
    moved_ = Clock::now();
    return discarded_ > kMaxDiscarded ? close() : hear();
  }
  if (!has_asked()) enter(Stage::reading);  // a request begins
  received_.append(context_.buffer.data(), count);
  if (stage_ == Stage::reading) return read();
  if (received_.size() < kMaxAhead) hear();
}

void Connection::read() {
  try {
    taken_ += reader_.read(std::string_view(received_).substr(taken_));
    // Now and then, not for each of many small requests.
    if (taken_ == received_.size() || taken_ > kMaxAhead) received_.erase(0, std::exchange(taken_, 0));
    if (reader_.has_head()) count_body();
  } catch (const Refusal& refusal) {
    return refuse(refusal.status, refusal.message);
  }
  if (reader_.is_complete()) return work();
  if (reader_.waits_for_a_word() && !was_told_to_send_) {
    was_told_to_send_ = true;
    constexpr std::string_view kWord = "HTTP/1.1 100 Continue\r\n\r\n";  // fits into any buffer
    error_code error;
    socket_.write_some(asio::buffer(kWord), error);
  }
  hear();
}

void Connection::count_body() {
  const Request& request = reader_.request();
  if (!body_) body_ = context_.bodies->share_of(client_of(peer_, request.forwarded_for));
  const size_t more = request.body.size() - counted_bytes_;
  counted_bytes_ += more;
  if (more > 0 && !body_->take(more)) throw Refusal{503, "too much at once; try again"};
}

// ---- the work

void Connection::work() {
  keeps_alive_ = reader_.keeps_alive() && !context_.is_stopping;
  Request request = reader_.take();
  is_head_request_ = request.method == "HEAD";
  is_http_1_0_ = request.is_http_1_0;
  was_told_to_send_ = false;
  counted_bytes_ = 0;
  stop_ = {};
  request.client = client_of(peer_, request.forwarded_for);
  request.stop = stop_.get_token();
  request.hold = std::exchange(body_, nullptr);
  enter(Stage::working);
  work_on(std::move(request));
}

void Connection::work_on(Request request) {
  const std::shared_ptr<Shares::Share> place = context_.waiting->share_of(request.client);
  Answer answer = context_.handler(std::move(request));
  if (auto* response = std::get_if<Response>(&answer)) return this->answer(std::move(*response));
  if (!place->take(1)) return refuse(503, "too many requests at once; try again");
  hear();  // whether it leaves
  const auto respond = [loop = context_.loop, place, weak = weak_from_this()](Response response) {
    // Where the server, and its loop, have come to their end, this is never run.
    asio::post(*loop, [weak, response = std::move(response)]() mutable {
      const auto self = weak.lock();
      if (!self || self->stage_ != Stage::working) return;
      self->guard([&] { self->answer(std::move(response)); });
    });
  };
  try {
    std::get<std::function<void(Respond)>>(answer)(respond);
  } catch (const std::exception&) {  // before the work began
    this->answer({500, "application/json", error_body("the server is out of memory")});
  }
}

/// Nobody needs the request's answer any more.
void Connection::stop_work() {
  if (stage_ != Stage::working) return;
  stop_.request_stop();
  if (context_.options.on_stop) context_.options.on_stop();
}

void Connection::refuse(int status, std::string_view message) {
  if (context_.options.on_refusal) context_.options.on_refusal(status);
  stop_work();
  reader_.take();  // what there is of the request goes, with its memory
  body_ = nullptr;
  keeps_alive_ = false;
  answer({status, "application/json", error_body(message)});
}

// ---- the answer

void Connection::answer(Response response) {
  enter(Stage::answering);
  written_ = 0;
  keeps_alive_ = keeps_alive_ && !context_.is_stopping;
  const auto persistence = !keeps_alive_  ? Persistence::closes
                           : is_http_1_0_ ? Persistence::keeps_alive_in_1_0
                                          : Persistence::keeps_alive;
  head_ = response_head(response, context_.options.headers, persistence);
  text_ = is_head_request_ ? "" : std::move(response.body);
  context_.answer_bytes += answer_bytes();
  write();
  bound_answers(context_, context_.options.max_answer_bytes, Clock::now());
}

void Connection::write() {
  for (size_t turn = 0; turn < kMaxWritten;) {
    const size_t of_head = std::min(written_, head_.size());
    const std::array<asio::const_buffer, 2> rest{asio::buffer(head_) + of_head,
                                                 asio::buffer(text_) + (written_ - of_head)};
    error_code error;
    const size_t count = socket_.write_some(rest, error);
    if (error == asio::error::would_block) {
      socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& failed) {
        self->guard([&] { failed ? self->close() : self->write(); });
      });
      return;
    }
    if (error) return close();
    turn += count;
    written_ += count;
    moved_ = Clock::now();
    if (written_ == answer_bytes()) return end_exchange();
  }
  asio::post(*context_.loop, [self = shared_from_this()] { self->guard([&] { self->write(); }); });
}

void Connection::forget_answer() {
  context_.answer_bytes -= answer_bytes();
  head_ = {};
  text_ = {};
}

void Connection::bound_answers(ConnectionsContext& context, uint64_t max_bytes, Clock::time_point before) {
  while (context.answer_bytes > max_bytes) {
    std::shared_ptr<Connection> slowest;
    for (const auto& one : context.connections) {
      if (one->stage_ != Stage::answering || one->moved_ > before) continue;
      if (!slowest || one->moved_ < slowest->moved_) slowest = one;
    }
    if (!slowest) return;
    slowest->close();
  }
}

void Connection::end_exchange() {
  forget_answer();
  if (!keeps_alive_) {
    enter(Stage::closing);
    received_ = {};
    error_code ignored;  // it may have left
    static_cast<void>(socket_.shutdown(tcp::socket::shutdown_send, ignored));
    return hear();
  }
  enter(Stage::reading);
  if (received_.empty()) {
    received_ = {};  // with its memory
    return hear();
  }
  asio::post(*context_.loop, [self = shared_from_this()] {
    self->guard([&] {
      if (self->stage_ == Stage::reading && self->socket_.is_open()) self->read();
    });
  });
}

// ---- time

void Connection::limit_time() {
  const auto has_time = [&](size_t bytes) {
    return seconds_since(since_) <
           std::min(kMaxSeconds, context_.options.seconds + static_cast<double>(bytes) / kMinBytesPerSecond);
  };
  guard([&] {
    switch (stage_) {
      case Stage::reading:
        if (has_time(reader_.request().body.size())) return;
        return reader_.has_head() ? refuse(408, "the body came too slowly") : close();
      case Stage::working:
        if (has_time(0)) return;
        return refuse(503, fmt::format("not answered within {} seconds; try again", context_.options.seconds));
      case Stage::answering:
        if (!has_time(written_)) close();
        return;
      case Stage::closing:
        const double linger = context_.is_stopping ? kLingerSeconds / 4 : kLingerSeconds;
        if (!has_time(0) || seconds_since(moved_) > linger) close();
        return;
    }
  });
}

}  // namespace digitrec::serve
