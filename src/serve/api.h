#pragma once

#include "serve/access.h"
#include "serve/corrections.h"
#include "serve/engine.h"
#include "serve/http.h"
#include "serve/metrics.h"

#include <functional>
#include <string>
#include <vector>

namespace digitrec::serve {

/// What each path answers; web/openapi.json describes it. Thread-safe.
class Api {
 public:
  /// `names`: of the engine's models, in order. `root_path`: what stands before every path where a proxy leaves it
  /// there, such as /digits; paths without it are answered too. `connections` returns how many are open.
  Api(Engine& engine, Corrections& corrections, std::vector<std::string> names, AccessOptions access,
      std::string root_path, std::function<unsigned()> connections);

  Answer answer(Request&& request);
  /// Counts a request that was answered before it got here.
  void count_refusal(int status) { metrics_.count_request("other", status, 0); }

 private:
  struct Route;
  static const std::vector<Route>& routes();

  Answer dispatch(const Route& route, Request& request);
  Answer predict(Request& request);
  Answer correct(Request& request);
  Answer take_back(Request& request);
  Answer on_worker(Request&& request, std::function<Response(Request&)> answer);
  Response describe_models() const;
  size_t chosen_model(const Request& request) const;

  Engine& engine_;
  Corrections& corrections_;
  std::vector<std::string> names_;
  AccessOptions access_;
  std::string root_path_;
  std::function<unsigned()> connections_;
  ServerMetrics metrics_;
};

}  // namespace digitrec::serve
