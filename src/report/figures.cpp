#include "digitrec/report/figures.h"

#include "figure_templates.h"
#include "report/first_layer.h"
#include "report/gnuplot.h"

#include <spdlog/fmt/fmt.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

constexpr int kWidth = 800;  // as wide as a README shows it
// Okabe and Ito's (2008), as in figures/common.gp.
constexpr int kGreen = 0x009e73;
constexpr int kOrange = 0xd55e00;
constexpr int kFaint = 0xdadce0;
/// More classes than this and their figures are too dense to read.
constexpr size_t kMostClasses = 20;
/// Images with more pixels a side are shown without their values.
constexpr int64_t kMostNumberedSide = 40;

/// Appends to the text of a table.
template <class... Args>
void add(std::string& rows, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(rows), format, std::forward<Args>(args)...);
}

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

/// "data/train.csv": long paths would not fit.
std::string data_name(const RunRecord& run) {
  const fs::path path = run.dataset.source;
  return (path.parent_path().filename() / path.filename()).string();
}

std::string subject(const RunRecord& run) { return fmt::format("{} on {}", run.config.model, data_name(run)); }

/// "4,200 rows held back"
std::string held_back(const RunRecord& run) {
  return fmt::format("{} rows held back, each read by networks that never saw it", run.metrics.rows);
}

/// Values of a matrix [H, W] as lines of numbers.
std::string matrix_rows(const torch::Tensor& matrix) {
  std::string text;
  const torch::Tensor values = matrix.to(torch::kFloat32).contiguous();
  const auto* value = values.const_data_ptr<float>();
  for (int64_t y = 0; y < values.size(0); ++y) {
    for (int64_t x = 0; x < values.size(1); ++x) add(text, "{:.4g} ", *value++);
    text += '\n';
  }
  return text;
}

// ---- curves --------------------------------------------------------------------------------------------------------

void draw_curves(const RunRecord& run, const fs::path& folder) {
  std::string rows;
  double lowest = 100;
  double top_rate = 0;
  int64_t last = 1;
  for (const NetworkRecord& network : run.networks) {
    for (const EpochMetrics& m : network.epochs) {
      add(rows, "{} {} {} {} {} {}\n", m.epoch, m.train_loss, m.train_accuracy, m.val_loss, m.val_accuracy, m.lr);
      last = std::max(last, m.epoch);
      top_rate = std::max(top_rate, m.lr);
      // The first epoch, far below the others, would flatten them.
      if (m.epoch > 1 || network.epochs.size() == 1)
        lowest = std::min({lowest, 100 * m.train_accuracy, std::isnan(m.val_accuracy) ? 100 : 100 * m.val_accuracy});
    }
    rows += "\n\n";
  }
  const size_t networks = run.networks.size();
  const std::string many = networks > 1 ? fmt::format(", {} networks", networks) : "";
  Figure("curves", kWidth, 460, templates::kCurves)
      .set("title", "Loss and accuracy")
      .set("subtitle",
           fmt::format("{}{}; {} right on {}", subject(run), many, percent(run.metrics.accuracy), held_back(run)))
      .set("networks", static_cast<double>(networks))
      .set("best", static_cast<double>(networks > 1 ? 0 : run.networks.front().best_epoch))
      .set("last", static_cast<double>(last))
      .set("top_rate", top_rate)
      .set("low", std::floor(2 * lowest) / 2)
      .table("epochs", rows)
      .draw(folder);
}

// ---- metrics -------------------------------------------------------------------------------------------------------

void draw_confusion(const RunRecord& run, const fs::path& folder) {
  const auto& confusion = run.metrics.confusion;
  const size_t classes = confusion.size();
  int64_t most = 1;
  for (const auto& row : confusion) most = std::max(most, *std::max_element(row.begin(), row.end()));
  // By the logarithm, and no mistake without a colour.
  const auto shade = [](double value, double top) {
    return value > 0 ? std::max(0.06, std::log1p(value) / std::log1p(top)) : 0.0;
  };
  std::string rows;
  for (size_t label = 0; label < classes; ++label) {
    const auto support = static_cast<double>(std::max<int64_t>(1, run.metrics.classes[label].support));
    for (size_t answer = 0; answer < classes; ++answer) {
      const int64_t count = confusion[label][answer];
      const double share = static_cast<double>(count) / support;
      add(rows, "{} {} {} {} {} {:.3f} {:.3f}\n", label, answer, count, quote(count > 0 ? std::to_string(count) : "·"),
          quote(count > 0 ? fmt::format("{:.1f}", 100 * share) : "·"),
          shade(static_cast<double>(count), static_cast<double>(most)), shade(1000 * share, 1000));
    }
  }
  Figure("confusion", kWidth, 470, templates::kConfusion)
      .set("title", "What each digit is read as")
      .set("subtitle", fmt::format("{}: {}; {} right", subject(run), held_back(run), percent(run.metrics.accuracy)))
      .set("classes", static_cast<double>(classes))
      .set("cell_font", classes > 10 ? ",5" : ",9")
      .set("tick_font", classes > 10 ? ",8" : ",10")
      .table("cells", rows)
      .draw(folder);
}

void draw_classes(const RunRecord& run, const fs::path& folder) {
  std::string rows;
  double lowest = 1;
  for (size_t c = 0; c < run.metrics.classes.size(); ++c) {
    const ClassMetrics& m = run.metrics.classes[c];
    add(rows, "{} {} {} {} {}\n", c, 100 * m.precision, 100 * m.recall, 100 * m.f1, m.support);
    lowest = std::min({lowest, m.precision, m.recall});
  }
  Figure("classes", kWidth, 420, templates::kClasses)
      .set("title", "Precision, recall and F1")
      .set("subtitle", fmt::format("{}: {}", subject(run), held_back(run)))
      .set("classes", static_cast<double>(run.metrics.classes.size()))
      .set("low", std::max(0.0, std::floor(200 * lowest) / 2 - 0.25))
      .table("classes", rows)
      .draw(folder);
}

void draw_reliability(const RunRecord& run, const fs::path& folder) {
  std::string rows;
  int64_t most = 1;
  for (size_t i = 0; i < run.metrics.calibration.size(); ++i) {
    const CalibrationBin& bin = run.metrics.calibration[i];
    if (bin.rows == 0) continue;
    const auto bins = static_cast<double>(run.metrics.calibration.size());
    add(rows, "{} {} {} {} {}\n", static_cast<double>(i) / bins, static_cast<double>(i + 1) / bins, bin.confidence,
        bin.accuracy, bin.rows);
    most = std::max(most, bin.rows);
  }
  Figure("reliability", kWidth, 460, templates::kReliability)
      .set("title", "Can its probabilities be believed?")
      .set("subtitle", fmt::format("{}: {}; expected calibration error {}", subject(run), held_back(run),
                                   percent(run.metrics.calibration_error)))
      .set("top_rows", static_cast<double>(most))
      .table("bins", rows)
      .draw(folder);
}

// ---- images --------------------------------------------------------------------------------------------------------

/// One image of a gallery with what stands below it.
struct Cell {
  torch::Tensor image;  ///< uint8 [S, S]
  int frame;            ///< colour
  std::string caption;
  std::string detail;
};

void draw_gallery(const fs::path& folder, const std::string& name, const std::string& title,
                  const std::string& subtitle, const std::vector<Cell>& cells, int64_t columns = 10) {
  constexpr int64_t kTop = 70;
  constexpr int64_t kMargin = 20;
  constexpr int64_t kText = 38;  // height of the two lines
  const int64_t cell = (kWidth - 2 * kMargin) / columns;
  const int64_t size = cells.empty() ? 1 : cells.front().image.size(0);
  const int64_t zoom = std::max<int64_t>(1, (cell - 8) / size);
  const int64_t side = size * zoom;
  const int64_t rows = (static_cast<int64_t>(cells.size()) + columns - 1) / columns;
  const int64_t step = (side + kText + zoom - 1) / zoom;  // from row to row, in pixels of the sheet
  torch::Tensor sheet = torch::zeros({std::max<int64_t>(1, rows * step), columns * cell / zoom}, torch::kUInt8);
  std::string frames;
  std::string captions;
  std::string details;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    const int64_t x = (index % columns * cell + (cell - side) / 2) / zoom;
    const int64_t y = index / columns * step;
    sheet.slice(0, y, y + size).slice(1, x, x + size).copy_(cells[i].image);
    const int64_t left = kMargin + x * zoom;
    const int64_t top = kTop + y * zoom;
    const int64_t center = left + side / 2;
    add(frames, "{} {} {} {} {} {} {}\n", center, top + side / 2, left - 2, left + side + 2, top - 2, top + side + 2,
        cells[i].frame);
    add(captions, "{} {} {}\n", center, top + side + 11, quote(cells[i].caption));
    add(details, "{} {} {}\n", center, top + side + 23, quote(cells[i].detail));
  }
  Figure(name, kWidth, static_cast<int>(kTop + rows * step * zoom), templates::kGallery)
      .set("title", title)
      .set("subtitle", subtitle)
      .set("left", static_cast<double>(kMargin))
      .set("top", static_cast<double>(kTop))
      .set("zoom", static_cast<double>(zoom))
      .table("pixels", matrix_rows(sheet))
      .table("frames", frames)
      .table("captions", captions)
      .table("details", details)
      .draw(folder);
}

/// Held-out row number `at` with the answer it got.
Cell answered(const RunRecord& run, const torch::Tensor& probability, const torch::Tensor& answer, int64_t at) {
  const auto row = run.held_out.rows[at].item<int64_t>();
  const auto label = run.labels[at].item<int64_t>();
  const auto read_as = answer[at].item<int64_t>();
  const std::string confidence = fmt::format("{:.0f}%", 100 * probability[at].item<float>());
  const bool is_right = label == read_as;
  return {run.dataset.images[row], is_right ? kGreen : kOrange,
          is_right ? fmt::format("{}  {}", label, confidence) : fmt::format("{} → {}  {}", label, read_as, confidence),
          fmt::format("row {}", row + 1)};
}

void draw_predictions(const RunRecord& run, const fs::path& folder) {
  constexpr int64_t kEach = 10;
  const auto [probability, answer] = run.held_out.probabilities.max(1);
  std::vector<Cell> cells;
  for (size_t c = 0; c < run.metrics.classes.size(); ++c) {
    const torch::Tensor of_class = run.labels.eq(static_cast<int64_t>(c)).nonzero().squeeze(1);
    if (of_class.numel() < kEach) continue;
    for (int64_t i = 0; i < kEach; ++i)
      cells.push_back(answered(run, probability, answer, of_class[i].item<int64_t>()));
  }
  draw_gallery(
      folder, "predictions", "What it reads",
      fmt::format(
          "{}: the first rows held back of each class; green: right, orange: wrong; label → answer, its probability",
          subject(run)),
      cells, kEach);
}

void draw_mistakes(const RunRecord& run, const fs::path& folder) {
  const auto [probability, answer] = run.held_out.probabilities.max(1);
  const torch::Tensor wrong = answer.ne(run.labels).nonzero().squeeze(1);
  const torch::Tensor order = wrong.index_select(0, probability.index_select(0, wrong).argsort(0, /*descending=*/true));
  const int64_t shown = std::min(kMostMistakes, order.numel());
  std::vector<Cell> cells;
  for (int64_t i = 0; i < shown; ++i) cells.push_back(answered(run, probability, answer, order[i].item<int64_t>()));
  const std::string which = shown < order.numel() ? fmt::format(", the first {}", shown) : "";
  draw_gallery(folder, "mistakes", "What it misreads",
               fmt::format("{}: {} of {} rows held back{}; label → answer, its probability", subject(run),
                           order.numel(), run.metrics.rows, which),
               cells);
}

void draw_pixels(const RunRecord& run, const fs::path& folder) {
  const auto row = run.held_out.rows[0].item<int64_t>();
  const torch::Tensor image = run.dataset.images[row].contiguous();
  const int64_t side = image.size(0);
  std::string values;
  const auto* pixel = image.const_data_ptr<uint8_t>();
  for (int64_t i = 0; i < side * side && side <= kMostNumberedSide; ++i) {
    add(values, "{} {} {} {}\n", i % side, i / side, quote(std::to_string(pixel[i])), pixel[i] > 127 ? 1 : 0);
  }
  if (values.empty()) values = "0 0 \"\" 0\n";
  Figure("pixels", kWidth, 838, templates::kImage)
      .set("title", fmt::format("A digit as the network sees it: {}", run.labels[0].item<int64_t>()))
      .set("subtitle", fmt::format("{}, row {}: {} x {} pixels from 0, paper, to 255, ink", run.dataset.source, row + 1,
                                   side, side))
      .set("side", static_cast<double>(side))
      .set("step", side > kMostNumberedSide ? 16.0 : 1.0)
      .set("value_font", side > 28 ? ",5" : ",8")
      .table("pixels", matrix_rows(image))
      .table("values", values)
      .draw(folder);
}

// ---- weights -------------------------------------------------------------------------------------------------------

void draw_filters(const RunRecord& run, const Checkpoint& network, const fs::path& folder) {
  constexpr int64_t kColumns = 8;
  constexpr int64_t kMost = 64;
  torch::Tensor weights = first_layer(network);
  const int64_t all = weights.size(0);
  weights = weights.slice(0, 0, kMost);
  const int64_t count = weights.size(0);
  const int64_t step = weights.size(1) + 1;
  const int64_t rows = (count + kColumns - 1) / kColumns;
  torch::Tensor sheet = torch::full({rows * step, kColumns * step}, std::numeric_limits<float>::quiet_NaN());
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = i / kColumns * step;
    const int64_t left = i % kColumns * step;
    sheet.slice(0, top, top + step - 1).slice(1, left, left + step - 1).copy_(weights[i] / weights[i].abs().max());
  }
  const std::string which = count < all ? fmt::format("the first {} of {}", count, all) : fmt::format("all {}", all);
  const auto height = static_cast<int>(90 + 760 * sheet.size(0) / sheet.size(1));
  Figure("filters", kWidth, height, templates::kFilters)
      .set("title", "Weights of the first layer")
      .set("subtitle", fmt::format("{}: {}, each scaled to its largest; orange: ink speaks for it, blue: against",
                                   subject(run), which))
      .set("columns", static_cast<double>(sheet.size(1)))
      .set("rows", static_cast<double>(sheet.size(0)))
      .table("pixels", matrix_rows(sheet))
      .draw(folder);
}

/// Draws nothing, and gives false, for a network without convolutions.
bool draw_feature_maps(const RunRecord& run, const Checkpoint& network, const fs::path& folder) {
  constexpr int64_t kEach = 10;
  const at::NoGradGuard no_grad;
  const auto row = run.held_out.rows[0].item<int64_t>();
  const torch::Tensor image = run.dataset.images.slice(0, row, row + 1);
  const std::vector<torch::Tensor> maps =
      network.model->feature_maps(normalize_images(image, network.info.normalization));
  if (maps.empty()) return false;
  const int64_t side = maps.front().size(2);
  std::vector<Cell> cells;
  for (size_t layer = 0; layer < maps.size(); ++layer) {
    const torch::Tensor map = maps[layer].contiguous();
    // Smaller ones are enlarged to the first layer's size.
    const torch::Tensor large = torch::upsample_nearest2d(map, {side, side})[0];
    const torch::Tensor shades = (large / large.max().clamp_min(1e-6) * 255).to(torch::kUInt8);
    for (int64_t i = 0; i < kEach; ++i) {
      Cell cell{i < shades.size(0) ? shades[i] : torch::zeros({side, side}, torch::kUInt8), kFaint, "", ""};
      if (i == 0) {
        cell.caption = fmt::format("layer {}", layer + 1);
        cell.detail = fmt::format("{}: {} x {}", map.size(1), map.size(2), map.size(3));
      }
      cells.push_back(std::move(cell));
    }
  }
  draw_gallery(
      folder, "feature-maps", "What the convolutions make of it",
      fmt::format(
          "{}: the digit of row {}, the first {} channels of each layer; below, how many channels and their size",
          subject(run), row + 1, kEach),
      cells, kEach);
  return true;
}

}  // namespace

void draw_figures(const RunRecord& run, const fs::path& folder, const std::function<void(const fs::path&)>& on_drawn) {
  const auto drawn = [&](const char* name) { on_drawn(folder / fmt::format("{}.png", name)); };
  const bool is_readable = run.metrics.classes.size() <= kMostClasses;
  draw_curves(run, folder);
  drawn("curves");
  if (is_readable) {
    draw_confusion(run, folder);
    drawn("confusion");
    draw_classes(run, folder);
    drawn("classes");
  }
  draw_reliability(run, folder);
  drawn("reliability");
  if (is_readable) {
    draw_predictions(run, folder);
    drawn("predictions");
  }
  draw_mistakes(run, folder);
  drawn("mistakes");
  draw_pixels(run, folder);
  drawn("pixels");
  const Checkpoint network = load_checkpoint(run.networks.front().checkpoint);
  draw_filters(run, network, folder);
  drawn("filters");
  if (draw_feature_maps(run, network, folder)) drawn("feature-maps");
}

}  // namespace digitrec
