#include "serve/http.h"

#include "client.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace digitrec::serve {
namespace {

using test::Client;
using namespace std::chrono_literals;

/// Waits up to 5 seconds.
bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

size_t count(const std::string& text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// A server whose answer is the request's path and body; /large has 4 MB; /wait is answered by `answer_waiting`.
class HttpTest : public testing::Test {
 protected:
  HttpTest() {
    options_.headers = {{"X-Ours", "yes"}};
    options_.on_stop = [this] { ++stops_; };
  }

  void start() {
    server_ = std::make_unique<HttpServer>(options_, [this](Request&& request) { return answer(std::move(request)); });
  }

  Answer answer(Request&& request) {
    ++asked_;
    const std::lock_guard lock(mutex_);
    clients_.push_back(request.client);
    if (request.path == "/large") return Response{200, "text/plain", std::string(4 << 20, 'x')};
    if (request.path != "/wait") return Response{200, "text/plain", request.path + " " + request.body + "\n"};
    return [this, kept = std::make_shared<Request>(std::move(request))](const Respond& respond) {
      const std::lock_guard inner(mutex_);
      waiting_.push_back(*kept);
      responds_.push_back(respond);
    };
  }

  size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

  /// What comes back until the server closes.
  std::string ask(const std::string& bytes) {
    Client client(server_->port());
    client.send(bytes);
    return client.rest();
  }

  const std::string get_ = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::atomic<int> asked_ = 0;
  std::atomic<int> stops_ = 0;
  std::mutex mutex_;
  std::vector<std::string> clients_;
  std::vector<Request> waiting_;
  std::vector<Respond> responds_;
  HttpOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpTest, SaysInJsonWhatIsWrongAndReadsNothingMore) {
  start();
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const std::string& wrong :
       {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
            hidden,
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: tea\r\n\r\n0\r\n\r\n" + hidden,
        "GET / HTTP/1.1\r\nContent-Length : 5\r\nHost: localhost\r\n\r\n" + hidden, "\n" + hidden,
        std::string("hello\n")}) {
    const std::string answer = ask(wrong);
    EXPECT_EQ(count(answer, "HTTP/1.1 "), 1U) << answer;
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") || answer.starts_with("HTTP/1.1 501 ")) << answer;
    EXPECT_EQ(count(answer, "\r\n\r\n{\"error\":\""), 1U) << answer;
    EXPECT_EQ(count(answer, "X-Ours: yes\r\n"), 1U);
    EXPECT_EQ(count(answer, "Content-Type: application/json\r\n"), 1U);
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1U);
  }
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpTest, AnswersRequestsOfOneConnectionInTheirOrder) {
  start();
  const std::string answer =
      ask("POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
          "HEAD /2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
          "GET /3?500" +
          [] {
            std::string arguments;
            for (int i = 0; i < 500; ++i) arguments += "&a" + std::to_string(i) + "=" + std::to_string(i);
            return arguments;
          }() +
          " HTTP/1.1\r\nHost: localhost\r\n\r\n" + get_);
  EXPECT_EQ(count(answer, "HTTP/1.1 200 OK\r\n"), 4U) << answer;
  const size_t first = answer.find("\r\n\r\n/1 abc\nHTTP/1.1 200 OK\r\n");
  const size_t third = answer.find("\r\n\r\n/3 \nHTTP/1.1 200 OK\r\n");
  EXPECT_NE(first, std::string::npos) << answer;
  EXPECT_NE(third, std::string::npos) << answer;
  EXPECT_LT(first, third);
  EXPECT_EQ(answer.find("/2"), std::string::npos);  // HEAD
  EXPECT_TRUE(answer.ends_with("Connection: close\r\n\r\n/ \n"));
}

TEST_F(HttpTest, KeepsAConnectionOfHttp10WhereItIsAskedTo) {
  start();
  EXPECT_NE(ask("GET /1 HTTP/1.0\r\n\r\n").find("Connection: close\r\n"), std::string::npos);
  const std::string kept = ask("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
  EXPECT_NE(kept.find("Connection: keep-alive\r\n\r\n/1"), std::string::npos) << kept;
  EXPECT_NE(kept.find("Connection: close\r\n\r\n/2"), std::string::npos) << kept;
}

TEST_F(HttpTest, TellsAClientThatAsksToSendItsBody) {
  options_.max_body_bytes = 10;
  start();
  const auto head = [](int length) {
    return "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: " +
           std::to_string(length) + "\r\n\r\n";
  };
  Client client(server_->port());
  client.send(head(3));
  EXPECT_EQ(client.rest("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_TRUE(client.rest().ends_with("/ abc\n"));
  EXPECT_TRUE(ask(head(11)).starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpTest, StopsTheWorkForAClientThatHasLeft) {
  start();
  Client client(server_->port());
  client.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
  ASSERT_TRUE(comes_true([&] { return waiting() == 1; }));
  EXPECT_FALSE(waiting_[0].stop.stop_requested());
  EXPECT_EQ(stops_, 0);
  client.leave();
  EXPECT_TRUE(comes_true([&] { return stops_ == 1; }));
  EXPECT_TRUE(waiting_[0].stop.stop_requested());
  responds_[0]({200, "text/plain", "too late"});
  EXPECT_TRUE(ask(get_).starts_with("HTTP/1.1 200"));
}

TEST_F(HttpTest, StopsTheWorkThatTakesTooLong) {
  options_.seconds = 0.3;
  start();
  Client client(server_->port());
  client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.rest().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(waiting_[0].stop.stop_requested());
  EXPECT_EQ(stops_, 1);
}

TEST_F(HttpTest, AnswersFromAnyThreadAndAfterItsEnd) {
  start();
  Client client(server_->port());
  client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(comes_true([&] { return waiting() == 1; }));
  responds_[0]({200, "text/plain", "at last"});
  EXPECT_TRUE(client.rest().ends_with("at last"));
  Client late(server_->port());
  late.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(comes_true([&] { return waiting() == 2; }));
  server_.reset();
  EXPECT_TRUE(waiting_[1].stop.stop_requested());
  responds_[1]({200, "text/plain", "nobody is there"});
}

TEST_F(HttpTest, ReadsNothingFromAClientThatDoesNotTakeItsAnswers) {
  start();
  Client client(server_->port());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(many);
  ASSERT_TRUE(comes_true([&] { return asked_ > 0; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(asked_, 10);  // what the system's buffers hold
  EXPECT_TRUE(ask(get_).starts_with("HTTP/1.1 200"));
}

TEST_F(HttpTest, BoundsAllAnswersThatAreNotTaken) {
  options_.max_answer_bytes = 16 << 20;
  start();
  std::vector<Client> idle;
  for (int i = 0; i < 20; ++i) {
    idle.emplace_back(server_->port());
    idle.back().send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  ASSERT_TRUE(comes_true([&] { return asked_ == 20; }));
  EXPECT_LE(server_->connections(), 4U);
  // A little later no more than half is left of those that take nothing.
  EXPECT_TRUE(comes_true([&] { return server_->connections() <= 2; }));
  for (int i = 0; i < 20; ++i) {  // one that takes what it gets has all of it
    EXPECT_EQ(ask("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").size() >> 20, 4U);
  }
}

TEST_F(HttpTest, WaitsForABodyAsLongAsItKeepsComing) {
  options_.seconds = 0.5;
  start();
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n";
  Client honest(server_->port());
  honest.send(head);
  for (int i = 0; i < 10; ++i) {  // 1.5 seconds
    std::this_thread::sleep_for(150ms);
    EXPECT_TRUE(honest.send(std::string(10'000, 'x'))) << i;
  }
  EXPECT_TRUE(honest.rest().starts_with("HTTP/1.1 200"));

  Client slow(server_->port());
  slow.send(head + "x");
  EXPECT_TRUE(slow.rest().starts_with("HTTP/1.1 408 "));
  Client silent(server_->port());
  silent.send("GET / HT");
  EXPECT_EQ(silent.rest(), "");
}

TEST_F(HttpTest, MakesRoomForNewConnections) {
  options_.max_connections = 4;
  start();
  std::vector<Client> idle;
  for (int i = 0; i < 10; ++i) idle.emplace_back(server_->port());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(ask(get_).starts_with("HTTP/1.1 200"));
  EXPECT_LE(server_->connections(), 4U);
}

TEST_F(HttpTest, SharesRoomForBodiesAndWorkAmongClients) {
  options_.max_waiting_bytes = 1000;
  options_.max_waiting_requests = 8;
  start();
  const auto post = [&](const std::string& from, size_t bytes, const std::string& path) {
    Client client(server_->port());
    client.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: forged, " + from +
                "\r\nConnection: close\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                std::string(bytes, 'x'));
    return client;
  };
  EXPECT_TRUE(post("10.0.0.1", 501, "/").rest().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(post("10.0.0.1", 500, "/").rest().starts_with("HTTP/1.1 200 "));
  std::vector<Client> waits;
  for (int i = 0; i < 4; ++i) waits.push_back(post("10.0.0.1", 10, "/wait"));
  ASSERT_TRUE(comes_true([&] { return waiting() == 4; }));
  EXPECT_TRUE(post("10.0.0.1", 10, "/wait").rest().starts_with("HTTP/1.1 503 "));
  waits.push_back(post("2001:db8::1:2", 10, "/wait"));  // somebody else
  ASSERT_TRUE(comes_true([&] { return waiting() == 5; }));
  EXPECT_EQ(waiting_.back().client, "2001:db8::");
  // What is no longer kept is there for the next.
  {
    const std::lock_guard lock(mutex_);
    for (const Respond& respond : responds_) respond({200, "text/plain", "x"});
    waiting_.clear();
    responds_.clear();
  }
  for (Client& client : waits) EXPECT_TRUE(client.rest().starts_with("HTTP/1.1 200 "));
  waits.push_back(post("10.0.0.1", 400, "/wait"));
  EXPECT_TRUE(comes_true([&] { return waiting() == 1; }));
}

TEST_F(HttpTest, TakesBothKindsOfAddresses) {
  options_.address = "::";
  start();
  EXPECT_TRUE(ask(get_).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(clients_.back(), "127.0.0.1");
  Client v6(server_->port(), true);
  if (!v6.is_connected()) GTEST_SKIP() << "no IPv6 here";
  v6.send(get_);
  EXPECT_TRUE(v6.rest().starts_with("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace digitrec::serve
