#include "serve/request_reader.h"

#include "serve/refusal.h"

#include <gtest/gtest.h>

namespace digitrec::serve {
namespace {

constexpr uint64_t kMaxBody = 100'000;
const std::string kHost = "Host: localhost\r\n";

/// Gives the reader all at once, or a byte more each time; what it has not taken is given again.
Request read(const std::string& bytes, bool byte_by_byte) {
  RequestReader reader(kMaxBody);
  std::string waiting;
  const size_t step = byte_by_byte ? 1 : bytes.size();
  for (size_t i = 0; i < bytes.size(); i += step) {
    EXPECT_FALSE(reader.is_complete()) << bytes;
    waiting += bytes.substr(i, step);
    waiting.erase(0, reader.read(waiting));
  }
  EXPECT_TRUE(reader.is_complete()) << bytes;
  EXPECT_EQ(waiting, "");
  return reader.take();
}

/// The status with which bytes are refused; 0 where they are not.
int refused(const std::string& bytes) {
  RequestReader reader(kMaxBody);
  try {
    reader.read(bytes);
    return 0;
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.message.find_first_of("\"\\"), std::string::npos) << "JSON escapes it: " << refusal.message;
    return refusal.status;
  }
}

TEST(RequestReader, ReadsWhatClientsSend) {
  for (const bool byte_by_byte : {false, true}) {
    const Request get = read("GET /a%20b/?x=1%2B1&y&z=a+b&&x=2 HTTP/1.1\r\n" + kHost + "\r\n", byte_by_byte);
    EXPECT_EQ(get.method, "GET");
    EXPECT_EQ(get.path, "/a b/");
    EXPECT_EQ(get.query, (std::map<std::string, std::string>{{"x", "2"}, {"y", ""}, {"z", "a b"}}));
    EXPECT_EQ(get.host, "localhost");

    const std::string body("\0\r\n\r\nx", 6);
    const Request post = read(
        "POST / HTTP/1.1\r\nhost:\tlocalhost:7 \r\nContent-Type: image/png\r\nOrigin: http://a\r\nContent-Encoding: "
        "gzip\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nContent-Length: 6\r\n\r\n" +
            body,
        byte_by_byte);
    EXPECT_EQ(post.host, "localhost:7");
    EXPECT_EQ(post.content_type, "image/png");
    EXPECT_EQ(post.origin, "http://a");
    EXPECT_EQ(post.content_encoding, "gzip");
    EXPECT_EQ(post.forwarded_for, "1.2.3.4, 5.6.7.8");
    EXPECT_EQ(post.body, body);

    const Request chunks = read("POST / HTTP/1.1\r\n" + kHost +
                                    "Transfer-Encoding: chunked\r\n\r\n5;name=\"x\"\r\nhello\r\n1\r\n!\r\n0\r\n"
                                    "Host: trailers.change.nothing\r\n\r\n",
                                byte_by_byte);
    EXPECT_EQ(chunks.body, "hello!");
    EXPECT_EQ(chunks.host, "localhost");

    // The shortest end that there is, which Boost's parser aborts on when it comes in two pieces.
    const Request empty =
        read("POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", byte_by_byte);
    EXPECT_EQ(empty.body, "");

    EXPECT_EQ(read("GET http://LocalHost/x?y HTTP/1.1\r\n" + kHost + "\r\n", byte_by_byte).path, "/x");
    EXPECT_EQ(read("GET http://localhost HTTP/1.1\r\n" + kHost + "\r\n", byte_by_byte).path, "/");
    EXPECT_TRUE(read("GET / HTTP/1.0\r\n\r\n", byte_by_byte).is_http_1_0);
  }
}

TEST(RequestReader, TakesOneRequestAtATime) {
  const std::string one = "GET /1 HTTP/1.1\r\n" + kHost + "\r\n";
  const std::string two = "POST /2 HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n" + kHost + "\r\nabc";
  RequestReader reader(kMaxBody);
  EXPECT_EQ(reader.read(one + two), one.size());
  EXPECT_EQ(reader.read(two), 0U);
  EXPECT_TRUE(reader.keeps_alive());
  EXPECT_EQ(reader.take().path, "/1");
  EXPECT_FALSE(reader.has_head());
  EXPECT_EQ(reader.read(two), two.size());
  EXPECT_FALSE(reader.keeps_alive());
  EXPECT_EQ(reader.take().body, "abc");
  EXPECT_EQ(reader.read("GET / HTTP/1.0\r\n\r\n"), 18U);
  EXPECT_FALSE(reader.keeps_alive());
}

TEST(RequestReader, TellsWhoWaitsToSendABody) {
  RequestReader reader(kMaxBody);
  reader.read("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" + kHost + "\r\n");
  EXPECT_TRUE(reader.has_head());
  EXPECT_FALSE(reader.is_complete());
  EXPECT_TRUE(reader.waits_for_a_word());
}

TEST(RequestReader, RefusesWhatTwoServersMightTakeDifferently) {
  const auto post = [](const std::string& headers, const std::string& body = "") {
    return refused("POST / HTTP/1.1\r\n" + kHost + headers + "\r\n" + body);
  };
  // Where does the body end?
  EXPECT_EQ(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400);
  EXPECT_EQ(post("Content-Length: 5, 5\r\n"), 400);
  for (const char* length : {"", "+5", "-5", "5x", "0x5", "5 5", "99999999999999999999", "18446744073709551617"}) {
    EXPECT_EQ(post(std::string("Content-Length: ") + length + "\r\n"), 400) << length;
  }
  EXPECT_EQ(post("Content-Length : 5\r\n", "hello"), 400);
  EXPECT_EQ(post("Content-Length\t: 5\r\n", "hello"), 400);
  EXPECT_EQ(post("Content-Length\r\n", "hello"), 400);
  EXPECT_EQ(post("X: y\r\n Content-Length: 5\r\n", "hello"), 400);  // folded
  EXPECT_EQ(post("X: y\r\n\tz\r\n"), 400);
  EXPECT_EQ(post("Transfer-Encoding: identity\r\n"), 501);
  EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501);
  EXPECT_EQ(post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501);
  EXPECT_EQ(post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501);
  EXPECT_EQ(post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400);
  EXPECT_EQ(post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(post("Transfer-Encoding:\r\n"), 400);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  // Where does a line end?
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: localhost\n\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: localhost\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: localhost\r\r\n\r\n"), 400);
  EXPECT_EQ(post("X: a\rContent-Length: 5\r\n"), 400);
  EXPECT_EQ(refused("\r\nGET / HTTP/1.1\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(post(std::string("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(post("Content-Length: 1\r\n", "xGET / HTTP/1.1\n"), 0);  // the next request's business
  // And a chunk?
  for (const char* chunk :
       {"zz\r\nabc\r\n", "-1\r\n\r\n", "+1\r\na\r\n", "0x1\r\na\r\n\r\n", " 1\r\na\r\n", "\r\n\r\n",
        "ffffffffffffffffff\r\n", "1\na\n0\n\n", "1\r\nab\r\n0\r\n\r\n", "1;\r\na\r\n", "1;\na\r\n0\r\n\r\n",
        "1\r\na0\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "0\r\n broken\r\n\r\n", "0\r\nA: b\r\n c\r\n\r\n", "0\r\nA: b\n\r\n\r\n"}) {
    EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", chunk), 400) << chunk;
  }
  // Who is asked, and for what?
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400);
  EXPECT_EQ(post(kHost), 400);  // twice
  EXPECT_EQ(post("Origin: http://a\r\nOrigin: http://b\r\n"), 400);
  EXPECT_EQ(post("Content-Type: image/png\r\nContent-Type: application/json\r\n"), 400);
  EXPECT_EQ(refused(std::string("GET / HTTP/1.1\r\nHost: localhost\0.evil.example\r\n\r\n", 49)), 400);
  for (const char* target : {"*",
                             "x",
                             "",
                             "http://evil.example/",
                             "http://localhost@evil.example/",
                             "http://localhost:1/",
                             "ftp://localhost/",
                             "localhost:80",
                             "/\t",
                             "/#x",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/%00",
                             "/healthz%00/..",
                             "/%0d%0aX:",
                             "/%7f",
                             "/\x7f",
                             "/\xff",
                             "/?a=%",
                             "/?%00"}) {
    EXPECT_EQ(refused(std::string("GET ") + target + " HTTP/1.1\r\n" + kHost + "\r\n"), 400) << target;
  }
  EXPECT_EQ(refused("GET /a b HTTP/1.1\r\n" + kHost + "\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/1.1 \r\n" + kHost + "\r\n"), 505);
  EXPECT_EQ(refused("GET  / HTTP/1.1\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(refused("GET\t/ HTTP/1.1\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(refused("G(T / HTTP/1.1\r\n" + kHost + "\r\n"), 400);
  EXPECT_EQ(refused("GET /\r\n" + kHost + "\r\n"), 400);  // HTTP/0.9
  for (const char* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1", "HTTP/11", "HTTPS/1.1"}) {
    EXPECT_EQ(refused(std::string("GET / ") + version + "\r\n" + kHost + "\r\n"), 505) << version;
  }
  EXPECT_EQ(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(post("Expect: tea\r\n"), 417);
}

TEST(RequestReader, BoundsEachPart) {
  EXPECT_EQ(refused("GET /" + std::string(1 << 20, 'a')), 431);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'a')), 431);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 100001\r\n" + kHost + "\r\n"), 413);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nContent-Length: 100000\r\n" + kHost + "\r\n"), 0);
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + kHost + "\r\n";
  EXPECT_EQ(refused(chunked + "186a1\r\n"), 413);
  EXPECT_EQ(refused(chunked + "186a0\r\n"), 0);
  EXPECT_EQ(refused(chunked + "186a0\r\n" + std::string(100'000, 'x') + "\r\n1\r\n"), 413);
  EXPECT_EQ(refused(chunked + "1;" + std::string(300, 'x') + "\r\na\r\n"), 400);
  EXPECT_EQ(refused(chunked + "1;" + std::string(40'000, 'x')), 400);
  EXPECT_EQ(refused(chunked + "0\r\nX: " + std::string(40'000, 'x')), 400);
}

}  // namespace
}  // namespace digitrec::serve
