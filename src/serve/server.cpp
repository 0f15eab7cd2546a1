#include "serve/server.h"

#include "digitrec/core/error.h"
#include "run/paths.h"
#include "serve/api.h"
#include "serve/memory.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <atomic>
#include <cctype>

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

/// "digits/" becomes /digits, and / nothing. Throws UsageError for what is not a path.
std::string root_path_of(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  const std::string rooted = path.empty() || path.starts_with('/') ? path : "/" + path;
  const bool is_plain = std::all_of(rooted.begin(), rooted.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
  });
  // "/.": browsers resolve . and .. away, so that such a path is never asked for.
  const bool has_dots =
      (rooted + "/").find("/./") != std::string::npos || (rooted + "/").find("/../") != std::string::npos;
  if (!is_plain || has_dots || rooted.find("//") != std::string::npos) {
    throw UsageError(
        fmt::format("`root_path` is {}; expected a path of letters, digits, - . _ ~ and /, such as /digits", path));
  }
  return rooted;
}

/// Throws UsageError for what no browser would send.
std::vector<std::string> origins_of(std::vector<std::string> origins) {
  for (const std::string& origin : origins) {
    if (serve::is_origin(origin)) continue;
    throw UsageError(
        fmt::format("origin {}: not a site; expected its address without a path, such as https://example.org", origin));
  }
  return origins;
}

}  // namespace

class Server::Parts {
 public:
  explicit Parts(const ServeOptions& options)
      : engine_(options.models, options.inference, options.workers),
        corrections_(options.corrections, serve::row_form(engine_.models().front().networks().front().value.info)),
        api_(engine_, corrections_, names_of(options.models), {options.hosts, origins_of(options.origins)},
             root_path_of(options.root_path), [this] {
               const serve::HttpServer* http = listening_;
               return http == nullptr ? 0 : http->connections();
             }) {
    const auto side = static_cast<size_t>(engine_.models().front().shape().image_size);
    corrections_.require_usable(side * side);
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
    http.on_stop = [this] { engine_.drop_stopped(); };
    http_ = std::make_unique<serve::HttpServer>(
        http, [this](serve::Request&& request) { return api_.answer(std::move(request)); });
    listening_ = http_.get();
  }

  ~Parts() {
    listening_ = nullptr;
    http_.reset();
    engine_.close();  // while there still is an API, to which what is being read goes
  }

  const serve::Engine& engine() const { return engine_; }
  const serve::Corrections& corrections() const { return corrections_; }
  const serve::HttpServer& http() const { return *http_; }

 private:
  serve::Engine engine_;
  serve::Corrections corrections_;
  serve::Api api_;
  std::atomic<const serve::HttpServer*> listening_ = nullptr;  // requests come before http_ is assigned
  std::unique_ptr<serve::HttpServer> http_;
  serve::MemoryTrimmer trimmer_;  // begins when all that stays is there
};

Server::Server(const ServeOptions& options) : parts_(std::make_unique<Parts>(options)) {}
Server::~Server() = default;
uint16_t Server::port() const { return parts_->http().port(); }
const std::vector<Predictor>& Server::models() const { return parts_->engine().models(); }
bool Server::keeps_corrections(size_t model) const {
  return parts_->corrections().take(models()[model].networks().front().value.info);
}

}  // namespace digitrec
