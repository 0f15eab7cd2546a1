#include "serve/api.h"

#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"
#include "infer/metrics_json.h"
#include "serve/request_body.h"
#include "web_parts.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <new>
#include <tuple>

namespace digitrec::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxCorrectionBytes = 1 << 20;
/// A larger JSON body holds more than a few images.
constexpr size_t kLargeBytes = 64 << 10;

Response json_response(const Json& value, int status = 200) {
  return {status, "application/json", value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Response error_response(int status, const std::string& message) { return json_response({{"error", message}}, status); }

/// The answer to a request that failed.
Response describe_failure(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Refusal& refusal) {
    return error_response(refusal.status, refusal.message);
  } catch (const Error& error) {
    return error_response(500, error.what());
  } catch (const std::bad_alloc&) {
    return error_response(500, "the server is out of memory; send less at once");
  } catch (const std::exception& error) {
    const std::string what = error.what();
    return error_response(500, "the work failed: " + what.substr(0, what.find('\n')));
  }
}

/// The media type, without its parameters.
std::string media_type(const Request& request) {
  std::string type = request.content_type.substr(0, request.content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return lower_case(type);
}

/// The pictures of a JSON body, and whether they were given as a list.
std::pair<std::vector<Picture>, bool> read_images(const std::string& text, int64_t image_size) {
  RequestBody body = read_request_body(text, static_cast<size_t>(image_size * image_size));
  if (body.has_pixels == body.has_images) {
    throw Refusal{422, "expected either \"pixels\", one image, or \"images\", several"};
  }
  std::vector<Picture> pictures;
  for (std::vector<uint8_t>& pixels : body.images) {
    pictures.emplace_back(GrayImage{image_size, image_size, std::move(pixels), "picture"});
  }
  return {std::move(pictures), body.has_images};
}

/// Three decimals: what a page can show, in a third of the space.
Json rounded(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(std::round(static_cast<double>(value) * 1000) / 1000);
  return list;
}

Json describe(const Reading& reading, bool explain) {
  if (const auto* refused = std::get_if<std::string>(&reading)) return {{"error", *refused}};
  std::string number;
  double probability = 1;
  Json digits = Json::array();
  for (const ReadDigit& digit : std::get<std::vector<ReadDigit>>(reading)) {
    const auto best = std::max_element(digit.probabilities.begin(), digit.probabilities.end());
    const auto label = best - digit.probabilities.begin();
    number += std::to_string(label);
    probability *= *best;
    const FramedDigit& framed = digit.framed;
    Json one{{"label", label},
             {"probability", *best},
             {"probabilities", digit.probabilities},
             {"box", {framed.left, framed.top, framed.right, framed.bottom}}};
    if (explain) {
      one["pixels"] = framed.pixels;
      one["saliency"] = rounded(digit.saliency);
    }
    digits.push_back(std::move(one));
  }
  return {{"number", number}, {"probability", probability}, {"digits", std::move(digits)}};
}

Response page_part(const char* type, std::string_view text) { return {200, type, std::string(text)}; }

bool is_set(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found != request.query.end() && found->second != "0" && found->second != "false";
}

}  // namespace

struct Api::Route {
  const char* path;
  const char* methods;
  Answer (*run)(Api&, Request&);
};

Api::Api(Engine& engine, Corrections& corrections, std::vector<std::string> names, AccessOptions access,
         std::function<unsigned()> connections)
    : engine_(engine),
      corrections_(corrections),
      names_(std::move(names)),
      access_(std::move(access)),
      connections_(std::move(connections)) {
  engine_.on_batch = [this](size_t digits) { metrics_.count_batch(digits); };
}

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> routes{
      {"/", "GET, HEAD", [](Api&, Request&) -> Answer { return page_part("text/html; charset=utf-8", web::kIndex); }},
      {"/style.css", "GET, HEAD",
       [](Api&, Request&) -> Answer { return page_part("text/css; charset=utf-8", web::kStyle); }},
      {"/page.js", "GET, HEAD",
       [](Api&, Request&) -> Answer { return page_part("text/javascript; charset=utf-8", web::kPage); }},
      {"/icon.svg", "GET, HEAD", [](Api&, Request&) -> Answer { return page_part("image/svg+xml", web::kIcon); }},
      {"/openapi.json", "GET, HEAD",
       [](Api&, Request&) -> Answer { return page_part("application/json", web::kOpenapi); }},
      {"/healthz", "GET, HEAD", [](Api&, Request&) -> Answer { return json_response({{"status", "ok"}}); }},
      {"/metrics", "GET, HEAD",
       [](Api& api, Request&) -> Answer {
         return Response{200, "text/plain; version=0.0.4; charset=utf-8", api.metrics_.text(api.connections_())};
       }},
      {"/api/model", "GET, HEAD", [](Api& api, Request&) -> Answer { return api.describe_models(); }},
      {"/api/predict", "POST", [](Api& api, Request& request) { return api.predict(request); }},
      {"/api/corrections", "POST", [](Api& api, Request& request) { return api.correct(request); }},
  };
  return routes;
}

Answer Api::answer(Request&& request) {
  const auto start = std::chrono::steady_clock::now();
  const auto route =
      std::find_if(routes().begin(), routes().end(), [&](const Route& r) { return request.path == r.path; });
  // Paths that are not served share one name, or strangers could fill the counters.
  const std::string counted = route == routes().end() ? "other" : route->path;
  const bool is_other_site = is_named_origin(request.origin, access_);
  const std::string allowed_origin = is_other_site ? request.origin : "";
  const auto finish = [this, start, counted, allowed_origin](Response& response) {
    if (!allowed_origin.empty()) {
      response.headers["Access-Control-Allow-Origin"] = allowed_origin;
      response.headers["Vary"] = "Origin";
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    metrics_.count_request(counted, response.status, seconds.count());
  };

  Answer answer = error_response(404, "no such path; see /openapi.json");
  if (!is_trusted_host(request.host, access_)) {
    answer = error_response(421, "the Host header does not name this server; allow the name with --allow-host");
  } else if (!request.origin.empty() && !is_trusted_origin(request.origin, request.host, access_)) {
    answer = error_response(403, "pages of other sites may not send requests; allow the site with --allow-origin");
  } else if (route != routes().end() && request.method == "OPTIONS" && is_other_site) {
    answer =
        Response{204,
                 "",
                 "",
                 {{"Access-Control-Allow-Methods", route->methods}, {"Access-Control-Allow-Headers", "Content-Type"}}};
  } else if (route != routes().end()) {
    answer = dispatch(*route, request);
  }
  if (auto* response = std::get_if<Response>(&answer)) {
    finish(*response);
    return answer;
  }
  return [later = std::get<std::function<void(Respond)>>(std::move(answer)), finish](const Respond& respond) {
    later([respond, finish](Response response) {
      finish(response);
      respond(std::move(response));
    });
  };
}

Answer Api::dispatch(const Route& route, Request& request) {
  const std::string methods = std::string(", ") + route.methods + ",";
  if (methods.find(", " + request.method + ",") == std::string::npos) {
    Response response = error_response(405, fmt::format("{} takes {}", route.path, route.methods));
    response.headers["Allow"] = route.methods;
    return response;
  }
  try {
    return route.run(*this, request);
  } catch (...) {
    return describe_failure(std::current_exception());
  }
}

size_t Api::chosen_model(const Request& request) const {
  const auto name = request.query.find("model");
  if (name == request.query.end() || name->second.empty()) return 0;
  const auto found = std::find(names_.begin(), names_.end(), name->second);
  if (found == names_.end()) throw Refusal{404, "no such model; /api/model lists them"};
  return static_cast<size_t>(found - names_.begin());
}

Answer Api::predict(Request& request) {
  const std::string type = media_type(request);
  const bool is_json = type == "application/json";
  if (!is_json && type != "image/png" && type != "image/jpeg") {
    throw Refusal{415, "expected Content-Type image/png, image/jpeg or application/json"};
  }
  Task task;
  task.model = chosen_model(request);
  task.explain = is_set(request, "explain");
  task.is_large = is_json && request.body.size() > kLargeBytes;
  const auto is_list = std::make_shared<bool>(false);
  const int64_t size = engine_.models()[task.model].shape().image_size;
  task.pictures = [is_json, is_list, size, body = std::move(request.body)]() mutable {
    std::vector<Picture> pictures;
    if (is_json) {
      std::tie(pictures, *is_list) = read_images(body, size);
    } else {
      pictures.emplace_back(std::move(body));
    }
    return pictures;
  };
  return [this, task = std::move(task), is_list](const Respond& respond) mutable {
    task.done = [respond, is_list, name = names_[task.model], explain = task.explain](const auto& result) {
      try {
        if (const auto* failure = std::get_if<std::exception_ptr>(&result)) std::rethrow_exception(*failure);
        const auto& readings = std::get<std::vector<Reading>>(result);
        Json body{{"model", name}};
        if (*is_list) {
          body["results"] = Json::array();
          for (const Reading& reading : readings) body["results"].push_back(describe(reading, explain));
        } else {
          if (const auto* refused = std::get_if<std::string>(&readings.front())) throw Refusal{422, *refused};
          body.update(describe(readings.front(), explain));
        }
        respond(json_response(body));
      } catch (...) {
        respond(describe_failure(std::current_exception()));
      }
    };
    engine_.submit(std::move(task));
  };
}

Answer Api::correct(Request& request) {
  if (media_type(request) != "application/json") throw Refusal{415, "expected Content-Type application/json"};
  if (request.body.size() > kMaxCorrectionBytes) throw Refusal{413, "a correction is one image and its label"};
  Task task;  // has no pictures, but a slow disk must not hold up the thread that serves everybody
  task.model = chosen_model(request);
  task.pictures = [this, shape = engine_.models()[task.model].shape(), text = std::move(request.body)] {
    const RequestBody body = read_request_body(text, static_cast<size_t>(shape.image_size * shape.image_size));
    if (!body.label || *body.label >= shape.classes) {
      throw Refusal{422, fmt::format("\"label\" is not a whole number from 0 to {}", shape.classes - 1)};
    }
    if (!body.has_pixels || body.has_images)
      throw Refusal{422, "a correction is \"pixels\", one image, and its \"label\""};
    corrections_.add(*body.label, body.images.front());
    return std::vector<Picture>{};
  };
  return [this, task = std::move(task)](const Respond& respond) mutable {
    task.done = [this, respond](const auto& result) {
      const auto* failure = std::get_if<std::exception_ptr>(&result);
      respond(failure != nullptr ? describe_failure(*failure)
                                 : json_response({{"saved", corrections_.path().string()}}, 201));
    };
    engine_.submit(std::move(task));
  };
}

Response Api::describe_models() const {
  Json models = Json::array();
  for (size_t i = 0; i < names_.size(); ++i) {
    const Predictor& model = engine_.models()[i];
    const CheckpointInfo& info = model.networks().front().value.info;
    const auto accuracy = info.metrics.find("val_accuracy");
    models.push_back({{"name", names_[i]},
                      {"preset", info.preset},
                      {"networks", model.networks().size()},
                      {"parameters", count_parameters(*model.networks().front().value.model)},
                      {"classes", info.shape.classes},
                      {"image_size", info.shape.image_size},
                      {"val_accuracy", accuracy == info.metrics.end() ? Json() : number_or_null(accuracy->second)}});
  }
  return json_response({{"version", version()}, {"models", models}});
}

}  // namespace digitrec::serve
