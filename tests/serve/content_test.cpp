#include "serve/content.h"

#include "serve/refusal.h"
#include "support.h"

namespace digitrec::serve {
namespace {

template <class Read>
int status_of(const Read& read) {
  try {
    read();
    return 200;
  } catch (const Refusal& refusal) {
    return refusal.status;
  }
}

TEST(Content, IsToldByItsType) {
  const auto content = [](const std::string& type) {
    Request request;
    request.content_type = type;
    return content_of(request);
  };
  for (const char* type : {"image/png", "image/jpeg", "image/jpg", "IMAGE/PNG; x=y", "application/octet-stream"}) {
    EXPECT_EQ(content(type), Content::picture) << type;
  }
  EXPECT_EQ(content("Application/JSON ; charset=utf-8"), Content::json);
  EXPECT_EQ(content("multipart/form-data; boundary=x"), Content::form);
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
    EXPECT_EQ(content(type), Content::other) << type;
  }
}

TEST(Gzip, IsUnpackedWithinALimit) {
  const std::string text(100'000, 'a');
  EXPECT_EQ(unpack_gzip(test::gzip(text), text.size()), text);
  EXPECT_EQ(unpack_gzip(test::gzip(""), 0), "");
  const auto status = [](const std::string& packed, size_t limit) {
    return status_of([&] { unpack_gzip(packed, limit); });
  };
  EXPECT_EQ(status(test::gzip(text), text.size() - 1), 413);
  EXPECT_EQ(status(test::gzip(text) + "x", text.size()), 400);
  EXPECT_EQ(status(test::gzip(text).substr(0, 100), text.size()), 400);
  EXPECT_EQ(status("hello", 100), 400);
  EXPECT_EQ(status("", 100), 400);
  Request request;
  EXPECT_FALSE(is_gzip(request));
  for (const char* coding : {"gzip", "GZIP", "x-gzip"}) {
    request.content_encoding = coding;
    EXPECT_TRUE(is_gzip(request));
  }
  for (const char* coding : {"br", "deflate", "gzip, gzip"}) {
    request.content_encoding = coding;
    EXPECT_EQ(status_of([&] { is_gzip(request); }), 415);
  }
}

TEST(Form, HoldsOneFile) {
  const std::string type = "multipart/form-data; boundary=--x";
  const std::string field = "----x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ncnn\r\n";
  const std::string bytes("\x89PNG\r\n\r\n--x\0----x", 17);
  const auto file = [](const std::string& content) {
    return "----x\r\ncontent-disposition: form-data; name=\"f\"; FileName=\"a;b.png\"\r\nContent-Type: "
           "image/png\r\n\r\n" +
           content + "\r\n";
  };
  EXPECT_EQ(file_of_form(file(bytes) + "----x--\r\n", type), bytes);
  EXPECT_EQ(
      file_of_form(field + file(bytes) + field + "----x--", "multipart/form-data; charset=utf-8; boundary=\"--x\""),
      bytes);
  EXPECT_EQ(file_of_form("preamble\r\n" + file("") + "----x--", type), "");
  const auto status = [&](const std::string& body, const std::string& with) {
    return status_of([&] { file_of_form(body, with); });
  };
  EXPECT_EQ(status(field + "----x--", type), 422);                             // none
  EXPECT_EQ(status(file("a") + file("b") + "----x--", type), 422);             // two
  EXPECT_EQ(status(file("a"), type), 400);                                     // cut off
  EXPECT_EQ(status("----x\r\nContent-Disposition: x\r\n----x--", type), 400);  // no end of its headers
  EXPECT_EQ(status("", type), 422);
  EXPECT_EQ(status(file("a") + "----x--", "multipart/form-data"), 400);
  EXPECT_EQ(status(file("a") + "----x--", "multipart/form-data; boundary="), 400);
  EXPECT_EQ(status(file("a") + "----x--", "multipart/form-data; boundary=other"), 422);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += field;
  EXPECT_EQ(status(many + "----x--", type), 400);
}

}  // namespace
}  // namespace digitrec::serve
