#include "serve/api.h"

#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"
#include "infer/metrics_json.h"
#include "serve/content.h"
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
/// A larger JSON body holds more than a few images, and a larger picture is no drawing.
constexpr size_t kLargeJsonBytes = 64 << 10;
constexpr size_t kLargePictureBytes = 1 << 20;
/// Of a body that is sent compressed.
constexpr size_t kMaxUnpackedBytes = 32 << 20;

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

/// The pictures of a request, and whether they were given as a list; called on a worker's thread.
std::pair<std::vector<Picture>, bool> read_pictures(Request& request, int64_t image_size) {
  if (is_gzip(request)) request.body = unpack_gzip(request.body, kMaxUnpackedBytes);
  const Content content = content_of(request);
  if (content == Content::json) return read_images(request.body, image_size);
  std::vector<Picture> pictures;
  pictures.emplace_back(content == Content::form ? file_of_form(request.body, request.content_type)
                                                 : std::move(request.body));
  return {std::move(pictures), false};
}

/// Three decimals: what a page can show, in a third of the space.
Json rounded(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(std::round(static_cast<double>(value) * 1000) / 1000);
  return list;
}

/// `classes`: what the model's are called.
Json describe(const Reading& reading, const Classes& classes, bool explain) {
  if (const auto* refused = std::get_if<std::string>(&reading)) return {{"error", *refused}};
  std::vector<std::string> names;
  std::vector<TextPlace> places;
  double probability = 1;
  Json digits = Json::array();
  for (const ReadDigit& digit : std::get<std::vector<ReadDigit>>(reading)) {
    const auto best = std::max_element(digit.probabilities.begin(), digit.probabilities.end());
    const auto label = best - digit.probabilities.begin();
    const FramedDigit& framed = digit.framed;
    names.push_back(classes.name(label));
    places.push_back(framed.place);
    probability *= *best;
    Json one{{"label", label},
             {"name", names.back()},
             {"probability", *best},
             {"probabilities", digit.probabilities},
             {"box", {framed.left, framed.top, framed.right, framed.bottom}},
             {"line", framed.place.line},
             {"wide", digit.is_wide},
             {"cut", digit.part != Part::piece}};
    if (explain) {
      one["pixels"] = framed.pixels;
      one["saliency"] = rounded(digit.saliency);
    }
    digits.push_back(std::move(one));
  }
  return {{"number", join_numbers(names, places)}, {"probability", probability}, {"digits", std::move(digits)}};
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
         std::string root_path, std::function<unsigned()> connections)
    : engine_(engine),
      corrections_(corrections),
      names_(std::move(names)),
      access_(std::move(access)),
      root_path_(std::move(root_path)),
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
      {"/api/corrections", "POST, DELETE",
       [](Api& api, Request& request) {
         return request.method == "DELETE" ? api.take_back(request) : api.correct(request);
       }},
  };
  return routes;
}

Answer Api::answer(Request&& request) {
  const auto start = std::chrono::steady_clock::now();
  const bool lacks_slash = !root_path_.empty() && request.path == root_path_;
  if (!root_path_.empty() && request.path.starts_with(root_path_ + "/")) request.path.erase(0, root_path_.size());
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
  // No browser, which a stranger could send here, leaves the host out: health checks of proxies do.
  const bool has_no_host = request.host.empty() && request.is_http_1_0;
  if (!has_no_host && !is_trusted_host(request.host, access_)) {
    answer = error_response(421, "the Host header does not name this server; allow the name with --allow-host");
  } else if (!request.origin.empty() && !is_trusted_origin(request.origin, request.host, access_)) {
    answer = error_response(403, "pages of other sites may not send requests; allow the site with --allow-origin");
  } else if (lacks_slash) {  // the page's own addresses are relative to its folder
    answer = Response{308, "", "", {{"Location", root_path_ + "/"}}};
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
  const Content content = content_of(request);
  if (content == Content::other) {
    throw Refusal{
        415,
        "expected Content-Type image/png or another picture, application/octet-stream, multipart/form-data or "
        "application/json"};
  }
  Task task;
  task.model = chosen_model(request);
  task.explain = is_set(request, "explain");
  task.is_large =
      is_gzip(request) || request.body.size() > (content == Content::json ? kLargeJsonBytes : kLargePictureBytes);
  task.client = request.client;
  task.stop = request.stop;
  task.hold = request.hold;
  const auto is_list = std::make_shared<bool>(false);
  const int64_t size = engine_.models()[task.model].shape().image_size;
  task.pictures = [is_list, size, request = std::move(request)]() mutable {
    std::vector<Picture> pictures;
    std::tie(pictures, *is_list) = read_pictures(request, size);
    return pictures;
  };
  return [this, task = std::move(task), is_list](const Respond& respond) mutable {
    task.done = [respond, is_list, name = names_[task.model], classes = engine_.models()[task.model].classes(),
                 explain = task.explain](const auto& result) {
      try {
        if (const auto* failure = std::get_if<std::exception_ptr>(&result)) std::rethrow_exception(*failure);
        const auto& readings = std::get<std::vector<Reading>>(result);
        Json body{{"model", name}};
        if (*is_list) {
          body["results"] = Json::array();
          for (const Reading& reading : readings) body["results"].push_back(describe(reading, classes, explain));
        } else {
          if (const auto* refused = std::get_if<std::string>(&readings.front())) throw Refusal{422, *refused};
          body.update(describe(readings.front(), classes, explain));
        }
        respond(json_response(body));
      } catch (...) {
        respond(describe_failure(std::current_exception()));
      }
    };
    engine_.submit(std::move(task));
  };
}

/// Answers from a worker's thread: a slow disk must not hold up the thread that serves everybody.
Answer Api::on_worker(Request&& request, std::function<Response(Request&)> answer) {
  Task task;
  task.client = request.client;
  task.stop = request.stop;
  task.hold = request.hold;
  const auto response = std::make_shared<Response>();
  task.pictures = [response, answer = std::move(answer), request = std::move(request)]() mutable {
    *response = answer(request);
    return std::vector<Picture>{};
  };
  return [this, response, task = std::move(task)](const Respond& respond) mutable {
    task.done = [response, respond](const auto& result) {
      const auto* failure = std::get_if<std::exception_ptr>(&result);
      respond(failure != nullptr ? describe_failure(*failure) : std::move(*response));
    };
    engine_.submit(std::move(task));
  };
}

Answer Api::correct(Request& request) {
  if (content_of(request) != Content::json) throw Refusal{415, "expected Content-Type application/json"};
  if (request.body.size() > kMaxCorrectionBytes) throw Refusal{413, "a correction is one image and its label"};
  const CheckpointInfo& info = engine_.models()[chosen_model(request)].networks().front().value.info;
  const ModelShape shape = info.shape;
  if (!corrections_.take(info)) {
    throw Refusal{409, fmt::format("{} cannot hold this model's classes", corrections_.name())};
  }
  return on_worker(std::move(request), [this, shape](Request& whole) {
    const std::string text = is_gzip(whole) ? unpack_gzip(whole.body, kMaxCorrectionBytes) : std::move(whole.body);
    const RequestBody body = read_request_body(text, static_cast<size_t>(shape.image_size * shape.image_size));
    if (!body.label || *body.label >= shape.classes) {
      throw Refusal{422, fmt::format("\"label\" is not a whole number from 0 to {}", shape.classes - 1)};
    }
    if (!body.has_pixels || body.has_images)
      throw Refusal{422, "a correction is \"pixels\", one image, and its \"label\""};
    const std::vector<uint8_t>& pixels = body.images.front();
    if (std::all_of(pixels.begin(), pixels.end(), [](uint8_t level) { return level == 0; })) {
      throw Refusal{422, "blank: all its pixels are 0"};
    }
    const std::string id = corrections_.add(*body.label, pixels);
    return json_response({{"saved", corrections_.name()}, {"id", id}}, 201);
  });
}

Answer Api::take_back(Request& request) {
  const auto id = request.query.find("id");
  if (id == request.query.end()) throw Refusal{422, "expected ?id=, as it was given when the correction was saved"};
  return on_worker(std::move(request), [this, word = id->second](Request&) {
    corrections_.take_back(word);
    return json_response({{"removed", corrections_.name()}});
  });
}

Response Api::describe_models() const {
  Json models = Json::array();
  for (size_t i = 0; i < names_.size(); ++i) {
    const Predictor& model = engine_.models()[i];
    const CheckpointInfo& info = model.networks().front().value.info;
    const auto accuracy = info.metrics.find("val_accuracy");
    Json class_names = Json::array();
    for (int64_t c = 0; c < info.shape.classes; ++c) class_names.push_back(info.classes.name(c));
    models.push_back({{"name", names_[i]},
                      {"preset", info.preset},
                      {"networks", model.networks().size()},
                      {"parameters", count_parameters(*model.networks().front().value.model)},
                      {"classes", info.shape.classes},
                      {"class_names", class_names},
                      {"corrections", corrections_.take(info)},
                      {"image_size", info.shape.image_size},
                      {"val_accuracy", accuracy == info.metrics.end() ? Json() : number_or_null(accuracy->second)}});
  }
  return json_response({{"version", version()}, {"models", models}});
}

}  // namespace digitrec::serve
