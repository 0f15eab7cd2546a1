#include "page/page.h"

#include "core/base64.h"
#include "figures/sheet.h"
#include "image/image_file.h"
#include "infer/metrics_json.h"
#include "page_parts.h"
#include "train/validation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace digitrec {
namespace {

using Json = nlohmann::ordered_json;

/// Images kept for each cell of a confusion matrix, and for all cells together: some 2 MB.
constexpr int64_t kMaxPerCell = 24;
constexpr int64_t kMaxImages = 2400;
constexpr int64_t kMaxSide = 56;  // pixels; larger images are shrunk
constexpr int64_t kSheetColumns = 40;
constexpr int64_t kTopClasses = 3;

Json describe(const NetworkRecord& network) {
  Json epochs = Json::array();
  for (const EpochMetrics& m : network.epochs) {
    epochs.push_back({m.epoch, number_or_null(m.train_loss), number_or_null(m.train_accuracy),
                      number_or_null(m.val_loss), number_or_null(m.val_accuracy), number_or_null(m.lr),
                      number_or_null(m.seconds)});
  }
  return {{"best_epoch", network.best_epoch}, {"epochs", epochs}};
}

/// Which held-out rows the page shows, as positions among them: first the most confident mistakes of each cell, then
/// the least confident right answers of each class.
std::vector<int64_t> choose_rows(const RunRecord& run, const at::Tensor& probability, const at::Tensor& answer,
                                 int64_t max_images) {
  std::map<std::pair<int64_t, int64_t>, int64_t> of_cell;
  std::vector<int64_t> chosen;
  const auto take = [&](bool mistakes, const at::Tensor& order) {
    for (int64_t i = 0; i < order.numel(); ++i) {
      const auto at = order[i].item<int64_t>();
      const auto label = run.labels[at].item<int64_t>();
      const auto read_as = answer[at].item<int64_t>();
      if ((label != read_as) == mistakes && ++of_cell[{label, read_as}] <= kMaxPerCell) chosen.push_back(at);
    }
  };
  take(true, probability.argsort(0, /*descending=*/true));
  take(false, probability.argsort(0, /*descending=*/false));
  chosen.resize(std::min(chosen.size(), static_cast<size_t>(max_images)));
  return chosen;
}

/// The images as one PNG picture on white paper, and the facts about each.
Json describe_images(const RunRecord& run, int64_t max_images) {
  const auto [probability, answer] = run.held_out.probabilities.max(1);
  const std::vector<int64_t> chosen = choose_rows(run, probability, answer, max_images);
  const at::Tensor positions = at::tensor(chosen, at::kLong);
  const at::Tensor rows = run.held_out.rows.index_select(0, positions);
  const at::Tensor sheet =
      tile_images(255 - shrink_image(run.dataset.images.index_select(0, rows), kMaxSide), {.columns = kSheetColumns});
  const auto [top, classes] = run.held_out.probabilities.index_select(0, positions)
                                  .topk(std::min(kTopClasses, run.held_out.probabilities.size(1)), 1);
  Json list = Json::array();
  for (size_t i = 0; i < chosen.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    Json likeliest = Json::array();
    for (int64_t k = 0; k < top.size(1); ++k) {
      likeliest.push_back({classes[at][k].item<int64_t>(), std::round(1e4 * top[at][k].item<float>()) / 1e4});
    }
    list.push_back({{"at", i},
                    {"row", rows[at].item<int64_t>() + 1},
                    {"label", run.labels[chosen[i]].item<int64_t>()},
                    {"answer", answer[chosen[i]].item<int64_t>()},
                    {"top", likeliest}});
  }
  const int64_t columns = std::min<int64_t>(kSheetColumns, std::max<int64_t>(1, rows.numel()));
  return {{"sheet", "data:image/png;base64," + base64(encode_png(gray_image(sheet)))},
          {"columns", columns},
          {"rows", (rows.numel() + columns - 1) / columns},
          {"list", list}};
}

Json describe(const RunRecord& run, int64_t max_images) {
  Json networks = Json::array();
  double seconds = 0;
  for (const NetworkRecord& network : run.networks) {
    networks.push_back(describe(network));
    for (const EpochMetrics& m : network.epochs) seconds += m.seconds;
  }
  TrainConfig config = run.config;
  TrainConfig standard;
  const std::vector<ConfigOption> options = train_options(config);
  const std::vector<ConfigOption> defaults = train_options(standard);
  Json chosen = Json::object();
  Json left = Json::object();
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string value = options[i].get();
    (options[i].key == "model" || value != defaults[i].get() ? chosen : left)[options[i].key] = value;
  }
  Json environment = Json::object();
  for (const auto& [key, value] : run.environment) environment[key] = value;
  Json result{{"name", run.name},   {"config", chosen},     {"defaults", left},  {"environment", environment},
              {"seconds", seconds}, {"networks", networks}, {"metrics", nullptr}};
  if (run.labels.defined()) {
    result["metrics"] = metrics_json(run.metrics);
    result["chosen"] = chosen_on_scored_rows(run.config) + ".";
    result["images"] = describe_images(run, max_images);
  }
  return result;
}

/// The JSON, safe inside a script element, which "</script" or "<!--" in a text would end or change.
std::string embed(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string report_page(const std::vector<RunRecord>& runs, const std::string& status, bool is_going) {
  Json data{{"status", status}, {"is_going", is_going}, {"runs", Json::array()}};
  const int64_t max_images = kMaxImages / static_cast<int64_t>(runs.size());
  for (const RunRecord& run : runs) data["runs"].push_back(describe(run, max_images));
  const TrainConfig& config = runs.front().config;
  const std::string title =
      runs.size() > 1 ? fmt::format("{} runs", runs.size())
                      : fmt::format("{} on {}", config.model, std::filesystem::path(config.data).filename().string());
  const std::map<std::string, std::string, std::less<>> parts{{"title", escape_html(title)},
                                                              {"style", std::string(page_parts::kStyle)},
                                                              {"script", std::string(page_parts::kScript)},
                                                              {"data", embed(data)}};
  std::string page;
  std::string_view rest = page_parts::kPage;
  for (size_t open = rest.find("{{"); open != std::string_view::npos; open = rest.find("{{")) {
    const size_t close = rest.find("}}", open);
    page += rest.substr(0, open);
    page += parts.find(rest.substr(open + 2, close - open - 2))->second;
    rest.remove_prefix(close + 2);
  }
  return page + std::string(rest);
}

}  // namespace digitrec
