#include "serve/server.h"

#include "client.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "support.h"

#include <nlohmann/json.hpp>

#include <thread>

namespace digitrec {
namespace {

using Json = nlohmann::json;
using test::Client;

struct Reply {
  int status = 0;
  std::string head;
  std::string body;
  Json json() const { return Json::parse(body, nullptr, false); }
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    save_checkpoint(folder_ / "a.safetensors", *build_model("mlp-128", {}), {.preset = "mlp-128"});
    save_checkpoint(folder_ / "b.safetensors", *build_model("cnn", {}), {.preset = "cnn"});
    ServeOptions options;
    options.models = {folder_ / "a.safetensors", folder_ / "b.safetensors"};
    options.workers = 2;
    options.port = 0;
    options.corrections = folder_ / "corrections.csv";
    options.origins = {"https://friend.example"};
    options.root_path = "/digits/";
    server_ = std::make_unique<Server>(options);
  }

  Reply ask(const std::string& method, const std::string& path, const std::string& headers = "",
            const std::string& body = "", const std::string& host = "localhost") const {
    Client client(server_->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + headers +
                (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
    const std::string text = client.rest();
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return {0, text, ""};
    return {std::stoi(text.substr(9, 3)), text.substr(0, end), text.substr(end + 4)};
  }
  Reply post(const std::string& path, const std::string& type, const std::string& body) const {
    return ask("POST", path, "Content-Type: " + type + "\r\n", body);
  }

  test::TempFolder folder_;
  std::unique_ptr<Server> server_;
};

const std::string kJson = "application/json";

TEST_F(ServerTest, ServesThePageUnderAPolicy) {
  for (const char* path : {"/", "/style.css", "/page.js", "/icon.svg", "/openapi.json", "/healthz", "/metrics"}) {
    const Reply reply = ask("GET", path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_NE(reply.head.find("script-src 'self'"), std::string::npos);
    EXPECT_EQ(reply.head.find("unsafe"), std::string::npos);
    EXPECT_FALSE(reply.body.empty());
    EXPECT_TRUE(ask("HEAD", path).body.empty());
  }
  for (const char* path : {"/none", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/index.html"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
}

TEST_F(ServerTest, ReadsPicturesAsThePredictorDoes) {
  const Reply reply =
      post("/api/predict?explain=1", "image/png", encode_png(test::page_with_bar(200, 200, 90, 20, 110, 180)));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json digit = reply.json()["digits"][0];
  EXPECT_EQ(digit["line"], 0);
  const auto pixels = digit["pixels"].get<std::vector<uint8_t>>();
  Predictor predictor(load_networks({folder_ / "a.safetensors"}));
  const torch::Tensor expected = predictor.predict(make_dataset(std::vector<uint8_t>(pixels), {}, 28, "x"))[0];
  for (int64_t c = 0; c < 10; ++c) {
    EXPECT_NEAR(digit["probabilities"][static_cast<size_t>(c)].get<double>(), expected[c].item<double>(), 1e-5);
  }
  EXPECT_EQ(digit["label"], expected.argmax().item<int64_t>());
  EXPECT_EQ(digit["saliency"].size(), 784U);

  const Json again = post("/api/predict", kJson, Json{{"pixels", pixels}}.dump()).json();
  EXPECT_EQ(again["digits"][0]["probabilities"], digit["probabilities"]);
  EXPECT_FALSE(again["digits"][0].contains("pixels"));
  const Json list =
      post("/api/predict", kJson, Json{{"images", {pixels, std::vector<int>(784), pixels}}}.dump()).json();
  ASSERT_EQ(list["results"].size(), 3U);
  EXPECT_EQ(list["results"][2]["number"], reply.json()["number"]);
  EXPECT_TRUE(list["results"][1].contains("error"));
  std::vector<std::vector<double>> rows(28);
  for (size_t i = 0; i < pixels.size(); ++i) rows[i / 28].push_back(pixels[i] / 255.0);
  EXPECT_EQ(post("/api/predict", kJson, Json{{"pixels", rows}}.dump()).json(), again) << "0 to 1, row by row";
  EXPECT_NE(post("/api/predict?model=b", kJson, Json{{"pixels", pixels}}.dump()).json()["digits"][0]["probabilities"],
            digit["probabilities"]);
}

TEST_F(ServerTest, RefusesWhatItCannotRead) {
  const auto status = [&](const std::string& type, const std::string& body, const std::string& query = "") {
    const Reply reply = post("/api/predict" + query, type, body);
    EXPECT_TRUE(reply.json().contains("error")) << reply.body;
    return reply.status;
  };
  const std::string png = encode_png(test::page_with_bar(40, 40, 5, 5, 8, 30));
  EXPECT_EQ(status("image/png", encode_png(test::page_with_bar(40, 40, 0, 0, 0, 0))), 422);  // blank
  EXPECT_EQ(status("image/png", png.substr(0, 60)), 422);
  EXPECT_EQ(status("image/jpeg", "\xff\xd8\xff"), 422);
  EXPECT_EQ(status("image/jpg", "\xff\xd8\xff"), 422);
  EXPECT_EQ(status("application/octet-stream", "7"), 422);
  EXPECT_EQ(status("multipart/form-data; boundary=x", "--x--"), 422);
  EXPECT_EQ(status("multipart/form-data", png), 400);
  EXPECT_EQ(status("text/plain", "7"), 415);
  EXPECT_EQ(status("image/png", png, "?model=none"), 404);
  EXPECT_EQ(status(kJson, "{"), 400);
  EXPECT_EQ(status(kJson, "[1]"), 400);
  EXPECT_EQ(status(kJson, std::string(100'000, '[')), 400);
  EXPECT_EQ(status(kJson, R"({"pixels":[NaN]})"), 400);
  EXPECT_EQ(status(kJson, R"({"pixels":[1,2]})"), 422);
  EXPECT_EQ(status(kJson, "{}"), 422);
  EXPECT_EQ(status(kJson, Json{{"pixels", std::vector<int>(784, 256)}}.dump()), 422);
  EXPECT_EQ(status(kJson, Json{{"pixels", std::vector<std::string>(784, "1")}}.dump()), 422);
  EXPECT_EQ(status(kJson, R"({"images":[]})"), 422);
  EXPECT_EQ(status(kJson, R"({"images":[1,2]})"), 422);
  EXPECT_EQ(status(kJson, R"({"images":{"0":[1]}})"), 422);
  EXPECT_EQ(status(kJson, R"({"pixels":null})"), 422);
  EXPECT_EQ(status(kJson, R"({"pixels":[[1,2],3]})"), 422);
  EXPECT_EQ(status(kJson, Json{{"pixels", std::vector<double>(784, -0.5)}}.dump()), 422);
  EXPECT_EQ(status(kJson, Json{{"pixels", std::vector<std::vector<int>>(28, std::vector<int>(27, 1))}}.dump()), 422);
  EXPECT_EQ(status(kJson, R"({"pixels":[3,[1,2]]})"), 422);
  EXPECT_EQ(status(kJson, R"({"pixels":[1,2],"images":[[3]]})"), 422);
  EXPECT_EQ(status(kJson, R"({"other":{"pixels":[1]},"x":[[[1]]]})"), 422);
  EXPECT_EQ(status(kJson, R"({"pixels":[1,2)"), 400);
  EXPECT_EQ(status(kJson, R"({"x":[[[[[[1]]]]]]})"), 400);
  EXPECT_EQ(ask("GET", "/api/predict").status, 405);
  EXPECT_EQ(ask("DELETE", "/").status, 405);
}

TEST_F(ServerTest, TakesPicturesAsClientsSendThem) {
  const std::string png = encode_png(test::page_with_bar(200, 200, 90, 20, 110, 180));
  const Json expected = post("/api/predict", "image/png", png).json();
  EXPECT_EQ(expected["digits"].size(), 1U);
  for (const char* type : {"image/jpg", "IMAGE/X-PNG", "application/octet-stream"}) {
    EXPECT_EQ(post("/api/predict", type, png).json(), expected) << type;
  }
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n" + png + "\r\n--b--\r\n";
  EXPECT_EQ(post("/api/predict", "multipart/form-data; boundary=b", form).json(), expected);
  const auto packed = [&](const std::string& type, const std::string& body, const std::string& coding = "gzip") {
    return ask("POST", "/api/predict", "Content-Type: " + type + "\r\nContent-Encoding: " + coding + "\r\n", body);
  };
  EXPECT_EQ(packed("image/png", test::gzip(png)).json(), expected);
  const std::string pixels = Json{{"pixels", std::vector<int>(784, 9)}}.dump();
  EXPECT_EQ(packed(kJson, test::gzip(pixels)).json(), post("/api/predict", kJson, pixels).json());
  EXPECT_EQ(packed("image/png", png).status, 400);
  EXPECT_EQ(packed("image/png", png, "br").status, 415);
  EXPECT_EQ(packed(kJson, test::gzip(std::string(40 << 20, ' '))).status, 413);
}

TEST_F(ServerTest, ReadsPhotosOfCamerasAsTheCommandLineDoes) {
  const std::string photo = encode_png(test::page_with_bar(8000, 6000, 3600, 600, 4400, 5400));  // 48 million
  const Reply reply = post("/api/predict", "image/png", photo);
  ASSERT_EQ(reply.status, 200) << reply.body;
  folder_.write("photo.png", photo);
  const test::ProgramResult result =
      test::run_digitrec("predict --checkpoint a.safetensors --input photo.png --out p.csv", folder_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(test::read_text(folder_ / "p.csv").find("," + reply.json()["number"].get<std::string>() + ","),
            std::string::npos);
}

TEST_F(ServerTest, SaysOfADigitThatItIsWide) {
  // A corner, 100 pixels high.
  const auto is_wide = [&](int64_t page_width, int64_t page_height, int64_t width) {
    GrayImage page = test::page_with_bar(page_width, page_height, 100, 100, 100 + width, 120);
    const GrayImage down = test::page_with_bar(page_width, page_height, 80 + width, 100, 100 + width, 200);
    for (size_t i = 0; i < page.pixels.size(); ++i) page.pixels[i] = std::min(page.pixels[i], down.pixels[i]);
    return post("/api/predict", "image/png", encode_png(page)).json()["digits"][0]["wide"];
  };
  EXPECT_EQ(is_wide(400, 400, 125), false);
  EXPECT_EQ(is_wide(400, 400, 135), true);
  EXPECT_EQ(is_wide(900, 300, 125), false) << "in a picture that is wide itself";
}

TEST_F(ServerTest, TakesPixelsAsSharesAndInRows) {
  std::vector<int> levels(784);
  std::vector<double> shares(784);
  std::vector<std::vector<int>> rows(28, std::vector<int>(28));
  for (size_t i = 0; i < 784; ++i) {
    levels[i] = i / 28 > 4 && i / 28 < 24 && i % 28 > 12 && i % 28 < 16 ? 200 + static_cast<int>(i % 28) : 0;
    shares[i] = levels[i] / 255.0;
    rows[i / 28][i % 28] = levels[i];
  }
  const Json expected = post("/api/predict", kJson, Json{{"pixels", levels}}.dump()).json();
  EXPECT_EQ(expected["digits"].size(), 1U);
  EXPECT_EQ(post("/api/predict", kJson, Json{{"pixels", shares}}.dump()).json(), expected);
  EXPECT_EQ(post("/api/predict", kJson, Json{{"pixels", rows}}.dump()).json(), expected);
}

TEST_F(ServerTest, ReadsEveryKindOfPicture) {
  for (const auto& entry : std::filesystem::directory_iterator(DIGITREC_SOURCE "/tests/fuzz/corpus/image")) {
    const std::string kind = entry.path().extension().string().substr(1);
    const bool is_new = kind == "bmp" || kind == "gif" || kind == "webp" || kind == "tif";
    if (!is_new || entry.path().stem() == "jpeg" || entry.path().stem() == "colour") continue;  // those are too small
    const Reply reply = post("/api/predict", "image/" + kind, test::read_text(entry.path()));
    EXPECT_EQ(reply.status, 200) << entry.path() << reply.body;
  }
  EXPECT_EQ(post("/api/predict", "image/heic",
                 std::string("\0\0\0\x18"
                             "ftypheic\0\0\0\0",
                             16))
                .json()["error"],
            "picture: damaged HEIC or AVIF file; expected a PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF picture of a "
            "digit");
}

TEST_F(ServerTest, AnswersUnderThePathOfAProxy) {
  for (const char* path : {"/digits/", "/digits/page.js", "/digits/healthz", "/healthz", "/"}) {
    EXPECT_EQ(ask("GET", path).status, 200) << path;
  }
  const Reply moved = ask("GET", "/digits");
  EXPECT_EQ(moved.status, 308);
  EXPECT_NE(moved.head.find("Location: /digits/"), std::string::npos);
  for (const char* path : {"/digitsx", "/digits//", "/digits/digits/", "/other/healthz"}) {
    EXPECT_EQ(ask("GET", path).status, 404) << path;
  }
  ServeOptions options;
  options.models = {folder_ / "a.safetensors"};
  options.corrections = folder_ / "corrections.csv";
  for (const char* path : {"/a b", "//evil.example", "/a\r\nX: y", "/a?b", "/%41", "/a/../b", "/..", "/./a"}) {
    options.root_path = path;
    EXPECT_THROW(Server{options}, UsageError) << path;
  }
}

TEST_F(ServerTest, AnswersHealthChecksWithoutAHost) {
  Client check(server_->port());
  check.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(check.rest().starts_with("HTTP/1.1 200 "));
  Client browser(server_->port());
  browser.send("GET /healthz HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n");
  EXPECT_TRUE(browser.rest().starts_with("HTTP/1.1 403 "));
  Client named(server_->port());
  named.send("GET /healthz HTTP/1.0\r\nHost: evil.example\r\n\r\n");
  EXPECT_TRUE(named.rest().starts_with("HTTP/1.1 421 "));
}

TEST_F(ServerTest, AnswersOnlyUnderItsOwnNames) {
  EXPECT_EQ(ask("GET", "/healthz", "", "", "evil.example").status, 421);
  EXPECT_EQ(ask("GET", "/healthz", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(ask("GET", "/healthz", "Origin: http://localhost\r\n").status, 200);
  EXPECT_EQ(ask("GET", "/healthz").head.find("Access-Control"), std::string::npos);
  const Reply friendly = ask("OPTIONS", "/api/predict", "Origin: https://friend.example\r\n");
  EXPECT_EQ(friendly.status, 204);
  EXPECT_NE(friendly.head.find("Access-Control-Allow-Origin: https://friend.example"), std::string::npos);
}

TEST_F(ServerTest, KeepsCorrections) {
  const std::vector<int> pixels(784, 9);
  const Reply saved = post("/api/corrections", kJson, Json{{"label", 4}, {"pixels", pixels}}.dump());
  EXPECT_EQ(saved.status, 201);
  EXPECT_EQ(saved.json()["saved"], "corrections.csv");  // its folder is nobody's business
  EXPECT_TRUE(test::read_text(folder_ / "corrections.csv").ends_with("\n4" + [] {
    std::string row;
    for (int i = 0; i < 784; ++i) row += ",9";
    return row;
  }() + "\n"));
  for (const Json& label : {Json(10), Json(-1), Json(1.5), Json("4"), Json(), Json(1e300)}) {
    EXPECT_EQ(post("/api/corrections", kJson, Json{{"label", label}, {"pixels", pixels}}.dump()).status, 422) << label;
  }
  const std::vector<int> blank(784, 0);
  EXPECT_EQ(post("/api/corrections", kJson, Json{{"label", 4}, {"pixels", blank}}.dump()).status, 422);

  const std::string id = saved.json()["id"];
  EXPECT_EQ(ask("DELETE", "/api/corrections").status, 422);
  EXPECT_EQ(ask("DELETE", "/api/corrections?id=" + std::string(16, '0')).status, 404);
  EXPECT_EQ(ask("DELETE", "/api/corrections?id=" + id).status, 200);
  EXPECT_TRUE(test::read_text(folder_ / "corrections.csv").ends_with(",pixel783\n"));
  EXPECT_EQ(ask("DELETE", "/api/corrections?id=" + id).status, 404);
}

TEST_F(ServerTest, KeepsCorrectionsOfOneKindOfClassesInAFile) {
  CheckpointInfo letters{.preset = "mlp-128"};
  letters.shape.classes = 3;
  letters.classes.names = {"A", "E", "H"};
  save_checkpoint(folder_ / "letters.safetensors", *build_model("mlp-128", letters.shape), letters);
  ServeOptions options;
  options.models = {folder_ / "letters.safetensors", folder_ / "a.safetensors"};
  options.port = 0;
  options.corrections = folder_ / "letters.csv";
  server_ = std::make_unique<Server>(options);
  EXPECT_TRUE(server_->keeps_corrections(0));
  EXPECT_FALSE(server_->keeps_corrections(1));
  const Json models = ask("GET", "/api/model").json()["models"];
  EXPECT_EQ(models[0]["corrections"], true);
  EXPECT_EQ(models[1]["corrections"], false);
  const std::string body = Json{{"label", 2}, {"pixels", std::vector<int>(784, 9)}}.dump();
  EXPECT_EQ(post("/api/corrections", kJson, body).status, 201);
  const Reply refused = post("/api/corrections?model=a", kJson, body);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json()["error"], "letters.csv cannot hold this model's classes");
  EXPECT_NE(test::read_text(folder_ / "letters.csv").find("\nH,9,9,"), std::string::npos);
  const std::string dot = encode_png(test::page_with_bar(200, 200, 95, 95, 105, 105));
  EXPECT_EQ(post("/api/predict", "image/png", dot).json()["error"], "picture: a dot; expected a picture");
  EXPECT_EQ(post("/api/predict?model=a", "image/png", dot).json()["error"],
            "picture: a dot; expected a picture of a digit");
  options.models = {folder_ / "a.safetensors"};
  EXPECT_ERROR(Server{options}, Error,
               options.corrections.string() +
                   ":2: holds corrections of other classes: H is none of the model's 10 (0 to 9); name another with "
                   "`corrections`");
}

TEST_F(ServerTest, BoundsWhatAClientMaySend) {
  EXPECT_EQ(ask("GET", "/healthz", "X: " + std::string(1 << 20, 'x') + "\r\n").status, 431);
  Client large(server_->port());
  large.send(
      "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 1000000000\r\n\r\n");
  const std::string refused = large.rest();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 413"));
  EXPECT_NE(refused.find("X-Content-Type-Options: nosniff"), std::string::npos) << refused;
  EXPECT_NE(ask("GET", "/metrics").body.find("digitrec_requests_total{path=\"other\",status=\"413\"} 1"),
            std::string::npos);
  Client endless(server_->port());
  endless.send(
      "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
  int sent = 0;
  while (sent < 100 && endless.send(chunk)) ++sent;
  EXPECT_LT(sent, 100);
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(ServerTest, AnswersManyAtOnceAndEverythingAskedBeforeItStops) {
  const std::string png = encode_png(test::page_with_bar(200, 200, 90, 20, 110, 180));
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
        for (int k = 0; k < 5; ++k) answered += post("/api/predict", "image/png", png).status == 200;
      });
    }
  }
  EXPECT_EQ(answered, 80);
  EXPECT_NE(ask("GET", "/metrics").body.find("digitrec_requests_total{path=\"/api/predict\",status=\"200\"} 80\n"),
            std::string::npos);

  Client last(server_->port());
  last.send("POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: " +
            std::to_string(png.size()) + "\r\n\r\n" + png);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server_.reset();
  EXPECT_TRUE(last.rest().starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, SaysWhyItCannotServe) {
  ServeOptions options;
  options.models = {folder_ / "a.safetensors"};
  options.port = server_->port();
  EXPECT_ERROR(Server{options}, Error,
               "127.0.0.1: cannot listen on port " + std::to_string(options.port) +
                   ": Address already in use; choose another `address` or `port`");
  options.address = "nowhere";
  EXPECT_ERROR(Server{options}, UsageError, "nowhere: not an IP address; expected one such as 127.0.0.1 or 0.0.0.0");
  options.corrections = folder_.write("notes.csv", "label,pixel0\n");
  EXPECT_ERROR(Server{options}, Error,
               options.corrections.string() +
                   ": not a file of corrections with 784 pixels per row; name another with `corrections`");
}

TEST_F(ServerTest, DropsWorkForClientsThatHaveLeft) {
  // Each of these takes about a tenth of a second.
  const std::string large = encode_png(test::page_with_bar(4000, 4000, 1900, 400, 2100, 3600));
  {
    std::vector<Client> gone;
    for (int i = 0; i < 200; ++i) {
      gone.emplace_back(server_->port());
      gone.back().send("POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: " +
                       std::to_string(large.size()) + "\r\n\r\n" + large);
    }
  }
  EXPECT_EQ(post("/api/predict", "image/png", large).status, 200);
  EXPECT_NE(ask("GET", "/metrics").body.find("digitrec_requests_total{path=\"/api/predict\",status=\"200\"} "),
            std::string::npos);
  const std::string text = ask("GET", "/metrics").body;
  const std::string name = "digitrec_batch_digits_sum ";
  EXPECT_LT(std::stod(text.substr(text.find(name) + name.size())), 100) << "digits were read for nobody";
}

}  // namespace
}  // namespace digitrec
