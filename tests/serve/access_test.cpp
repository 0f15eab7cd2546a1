#include "serve/access.h"

#include <gtest/gtest.h>

namespace digitrec::serve {
namespace {

TEST(TrustedHost, IsLocalhostOrAnAddressOrNamed) {
  const AccessOptions options{{"digits.example.org"}, {}};
  for (const char* host : {"localhost", "localhost:7860", "LOCALHOST:1", "127.0.0.1:7860", "192.168.1.7", "[::1]:7860",
                           "digits.example.org", "Digits.Example.org:80"}) {
    EXPECT_TRUE(is_trusted_host(host, options)) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example",
                           "[", "[]", "[evil.example]", "[::1]evil.example", "example.org", "127.0.0.1@evil.example",
                           "localhost:x@evil.example", "localhost:80@evil.example", "localhost:123456",
                           "localhost:99999", "[::1", "[::1]:80@evil.example", "localhost:-1", "localhost: 1"}) {
    EXPECT_FALSE(is_trusted_host(host, options)) << host;
  }
  EXPECT_FALSE(is_trusted_host(std::string_view("localhost\0.evil.example", 23), options));
  EXPECT_FALSE(is_trusted_host(std::string_view("127.0.0.1\0.evil.example", 23), options));
}

TEST(Origin, IsASchemeAHostAndAPort) {
  for (const char* origin : {"http://a", "https://friend.example", "http://[::1]:7860", "https://a.b:443"}) {
    EXPECT_TRUE(is_origin(origin)) << origin;
  }
  for (const char* origin : {"", "friend", "friend.example", "https://", "https://a/", "https://a/b", "ftp://a", "*",
                             "https://a b", "https://u@a", "https://a:b"}) {
    EXPECT_FALSE(is_origin(origin)) << origin;
  }
}

TEST(TrustedOrigin, IsTheServersOwnOrNamed) {
  const AccessOptions options{{}, {"https://friend.example"}};
  EXPECT_TRUE(is_trusted_origin("http://127.0.0.1:7860", "127.0.0.1:7860", options));
  EXPECT_TRUE(is_trusted_origin("https://friend.example", "127.0.0.1:7860", options));
  EXPECT_TRUE(is_named_origin("https://friend.example", options));
  EXPECT_FALSE(is_named_origin("http://127.0.0.1:7860", options));
  for (const char* origin : {"null", "http://127.0.0.1:8000", "http://evil.example", "https://friend.example:444"}) {
    EXPECT_FALSE(is_trusted_origin(origin, "127.0.0.1:7860", options)) << origin;
  }
}

}  // namespace
}  // namespace digitrec::serve
