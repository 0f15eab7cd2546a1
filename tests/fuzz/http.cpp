#include "digitrec/checkpoint/checkpoint.h"
#include "fuzz.h"
#include "serve/api.h"

#include <future>

namespace {

using namespace digitrec;
using namespace digitrec::serve;

/// A server without its connections: what comes in is answered by a small network.
struct Service {
  Service()
      : engine({checkpoint()}, {}, 1),
        corrections("/dev/null"),
        api(engine, corrections, {"m"}, {}, "", [] { return 0U; }) {}

  static std::filesystem::path checkpoint() {
    const auto file = fuzz::file_of("", "m.safetensors");
    save_checkpoint(file, *build_model("mlp-128", {}), {.preset = "mlp-128"});
    return file;
  }

  Engine engine;
  Corrections corrections;
  Api api;
};

}  // namespace

// Requests: the first two bytes pick path, content type, query, method and whether host and origin are the first line
// of the rest, which is the body.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Service service;
  if (size < 2) return 0;
  constexpr const char* kPaths[] = {"/api/predict", "/api/corrections", "/api/model", "/metrics"};
  constexpr const char* kTypes[] = {"application/json", "image/png", "multipart/form-data; boundary=b",
                                    "Application/JSON ; charset=utf-8"};
  Request request;
  request.method = (data[0] & 3) < 2 ? "POST" : "GET";
  request.path = kPaths[data[0] & 3];
  request.content_type = kTypes[(data[0] >> 2) & 3];
  request.host = "localhost";
  if ((data[1] & 1) != 0) request.query["explain"] = "1";
  if ((data[1] & 2) != 0) request.query["model"] = "m";
  request.body = fuzz::text_of(data + 2, size - 2);
  const std::string line = request.body.substr(0, request.body.find('\n'));
  if ((data[1] & 4) != 0) request.host = line;
  if ((data[1] & 8) != 0) request.origin = line;
  if ((data[1] & 16) != 0) request.method = "OPTIONS";
  if ((data[1] & 32) != 0) request.content_type = line;
  if ((data[1] & 64) != 0) request.content_encoding = "gzip";
  Answer answer = service.api.answer(std::move(request));
  auto* later = std::get_if<std::function<void(Respond)>>(&answer);
  if (later == nullptr) return 0;
  std::promise<int> status;
  (*later)([&](const Response& response) { status.set_value(response.status); });
  // The corrections go to a device, which is refused: no fault of the request.
  const bool may_fail = (data[0] & 3) == 1;
  if (status.get_future().get() >= 500 && !may_fail) std::abort();
  return 0;
}
