#include "serve/server.h"

#include "run/paths.h"
#include "serve/api.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <atomic>

namespace digitrec {
namespace {

/// The models' names on the page: of the run's folder or the file, with a number where two are equal.
std::vector<std::string> names_of(const std::vector<std::filesystem::path>& models) {
  std::vector<std::string> names;
  for (const std::filesystem::path& model : models) {
    const std::filesystem::path whole = std::filesystem::absolute(model).lexically_normal();
    const std::filesystem::path last = whole.has_filename() ? whole : whole.parent_path();
    const std::string base = has_run_file_name(last)              ? last.parent_path().filename().string()
                             : last.extension() == ".safetensors" ? last.stem().string()
                                                                  : last.filename().string();
    std::string name = base;
    for (int i = 2; std::find(names.begin(), names.end(), name) != names.end(); ++i)
      name = fmt::format("{} {}", base, i);
    names.push_back(name);
  }
  return names;
}

}  // namespace

class Server::Parts {
 public:
  explicit Parts(const ServeOptions& options)
      : engine_(options.models, options.inference, std::max<int64_t>(1, options.workers)),
        corrections_(options.corrections),
        api_(engine_, corrections_, names_of(options.models), {options.hosts, options.origins}, [this] {
          const serve::HttpServer* http = listening_;
          return http == nullptr ? 0 : http->connections();
        }) {
    serve::HttpOptions http;
    http.address = options.address;
    http.port = options.port;
    http.headers = {{"X-Content-Type-Options", "nosniff"},
                    {"Referrer-Policy", "no-referrer"},
                    {"Cache-Control", "no-store"},
                    {"Content-Security-Policy",
                     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}};
    http.on_refusal = [this](int status) { api_.count_refusal(status); };
    http_ = std::make_unique<serve::HttpServer>(
        http, [this](serve::Request&& request) { return api_.answer(std::move(request)); });
    listening_ = http_.get();
  }

  ~Parts() { listening_ = nullptr; }

  const serve::Engine& engine() const { return engine_; }
  const serve::HttpServer& http() const { return *http_; }

 private:
  serve::Engine engine_;
  serve::Corrections corrections_;
  serve::Api api_;
  std::atomic<const serve::HttpServer*> listening_ = nullptr;  // requests come before http_ is assigned
  std::unique_ptr<serve::HttpServer> http_;                    // last, so that it stops while the others still answer
};

Server::Server(const ServeOptions& options) : parts_(std::make_unique<Parts>(options)) {}
Server::~Server() = default;
uint16_t Server::port() const { return parts_->http().port(); }
const std::vector<Predictor>& Server::models() const { return parts_->engine().models(); }

}  // namespace digitrec
