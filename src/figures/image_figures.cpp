#include "figures/image_figures.h"

#include "figure_templates.h"
#include "figures/figure_text.h"
#include "figures/figures.h"
#include "figures/first_layer.h"
#include "figures/gnuplot.h"
#include "figures/sheet.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

// Okabe and Ito (2008), as in gnuplot_templates/common.gp.
constexpr int kGreen = 0x009e73;
constexpr int kOrange = 0xd55e00;
constexpr int kFaint = 0xdadce0;
constexpr int kPaper = 0xffffff;
/// Larger images are shown without their values.
constexpr int64_t kMaxNumberedSide = 40;
constexpr size_t kMaxTitleName = 30;

/// Longer names stand on lines of their own below an image, as far as they fit.
constexpr size_t kMaxInlineName = 2;
constexpr size_t kMaxName = 11;

/// One image of a gallery with what stands below it.
struct Cell {
  at::Tensor image;  ///< uint8 [S, S]
  int frame;         ///< colour
  std::vector<std::string> captions;
  std::string detail;
};

void draw_gallery(const fs::path& folder, const std::string& name, const std::string& title,
                  const std::string& subtitle, const std::vector<Cell>& cells, int64_t columns = 10) {
  constexpr int64_t kTop = 70;
  constexpr int64_t kMargin = 20;
  constexpr int64_t kLine = 12;
  size_t captions_each = 1;
  for (const Cell& one : cells) captions_each = std::max(captions_each, one.captions.size());
  const int64_t text = 14 + kLine * (static_cast<int64_t>(captions_each) + 1);
  const int64_t cell = (kFigureWidth - 2 * kMargin) / columns;
  constexpr int64_t kFrame = 8;  // room for it on both sides
  const int64_t size = cells.empty() ? 1 : std::min(cells.front().image.size(0), cell - kFrame);
  const int64_t zoom = std::max<int64_t>(1, (cell - kFrame) / size);
  const int64_t side = size * zoom;
  const int64_t rows = (static_cast<int64_t>(cells.size()) + columns - 1) / columns;
  const int64_t step = (side + text + zoom - 1) / zoom;  // from row to row, in pixels of the sheet
  at::Tensor sheet = at::zeros({std::max<int64_t>(1, rows * step), columns * cell / zoom}, at::kByte);
  std::string frames;
  std::string captions;
  std::string details;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    const int64_t x = (index % columns * cell + (cell - side) / 2) / zoom;
    const int64_t y = index / columns * step;
    sheet.slice(0, y, y + size).slice(1, x, x + size).copy_(shrink_image(cells[i].image, size));
    const int64_t left = kMargin + x * zoom;
    const int64_t top = kTop + y * zoom;
    const int64_t center = left + side / 2;
    add(frames, "{} {} {} {} {} {} {}\n", center, top + side / 2, left - 2, left + side + 2, top - 2, top + side + 2,
        cells[i].frame);
    int64_t line = top + side - 1;
    for (const std::string& caption : cells[i].captions)
      add(captions, "{} {} {}\n", center, line += kLine, quote(caption));
    add(details, "{} {} {}\n", center, line + kLine, quote(cells[i].detail));
  }
  Figure(name, kFigureWidth, static_cast<int>(kTop + rows * step * zoom), templates::kGallery)
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

Cell blank_cell(int64_t size) { return {at::zeros({size, size}, at::kByte), kPaper, {""}, ""}; }

/// The held-out row at position `at`, with its answer.
Cell answered(const RunRecord& run, const at::Tensor& probability, const at::Tensor& answer, int64_t at) {
  const auto row = run.held_out.rows[at].item<int64_t>();
  const auto label = run.labels[at].item<int64_t>();
  const auto read_as = answer[at].item<int64_t>();
  const std::string confidence = fmt::format("{:.0f}%", 100 * probability[at].item<float>());
  const bool is_right = label == read_as;
  Cell cell{run.dataset.images[row], is_right ? kGreen : kOrange, {}, fmt::format("row {}", row + 1)};
  const auto name = [&](int64_t c, size_t max) { return shorten(run.dataset.classes.name(c), max); };
  if (longest_name(run) <= kMaxInlineName) {
    cell.captions = {is_right ? fmt::format("{}  {}", name(label, kMaxName), confidence)
                              : fmt::format("{} → {}  {}", name(label, kMaxName), name(read_as, kMaxName), confidence)};
    return cell;
  }
  cell.captions = {name(label, kMaxName), is_right ? confidence : "→ " + name(read_as, kMaxName - 2)};
  if (!is_right) cell.detail = confidence + ", " + cell.detail;
  return cell;
}

}  // namespace

void draw_predictions(const RunRecord& run, const fs::path& folder) {
  constexpr int64_t kEach = 10;
  const auto [probability, answer] = run.held_out.probabilities.max(1);
  std::vector<Cell> cells;
  for (size_t c = 0; c < run.metrics.classes.size(); ++c) {
    const at::Tensor of_class = run.labels.eq(static_cast<int64_t>(c)).nonzero().squeeze(1);
    const int64_t shown = std::min(kEach, of_class.numel());
    for (int64_t i = 0; i < shown; ++i)
      cells.push_back(answered(run, probability, answer, of_class[i].item<int64_t>()));
    // Empty places keep the next class on a line of its own.
    for (int64_t i = shown; i < kEach; ++i) cells.push_back(blank_cell(run.dataset.image_size()));
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
  const at::Tensor wrong = answer.ne(run.labels).nonzero().squeeze(1);
  const at::Tensor order = wrong.index_select(0, probability.index_select(0, wrong).argsort(0, /*descending=*/true));
  const int64_t shown = std::min(kMaxMistakes, order.numel());
  std::vector<Cell> cells;
  for (int64_t i = 0; i < shown; ++i) cells.push_back(answered(run, probability, answer, order[i].item<int64_t>()));
  const std::string which = shown < order.numel() ? fmt::format(", the first {}", shown) : "";
  const std::string how_many = order.numel() == 0
                                   ? fmt::format("none of {} rows held back", run.metrics.rows)
                                   : fmt::format("{} of {} rows held back{}; label → answer, its probability",
                                                 order.numel(), run.metrics.rows, which);
  draw_gallery(folder, "mistakes", "What it misreads", fmt::format("{}: {}", subject(run), how_many), cells);
}

void draw_pixels(const RunRecord& run, const fs::path& folder) {
  const auto row = run.held_out.rows[0].item<int64_t>();
  const at::Tensor image = run.dataset.images[row].contiguous();
  const int64_t side = image.size(0);
  const bool is_digit = run.dataset.classes.are_digits(static_cast<int64_t>(run.metrics.classes.size()));
  std::string values;
  const auto* pixel = image.const_data_ptr<uint8_t>();
  for (int64_t i = 0; i < side * side && side <= kMaxNumberedSide; ++i) {
    add(values, "{} {} {} {}\n", i % side, i / side, quote(std::to_string(pixel[i])), pixel[i] > 127 ? 1 : 0);
  }
  if (values.empty()) values = "0 0 \"\" 0\n";
  Figure("pixels", kFigureWidth, 838, templates::kImage)
      .set("title", fmt::format("{} as the network sees it: {}", is_digit ? "A digit" : "An image",
                                shorten(run.dataset.classes.name(run.labels[0].item<int64_t>()), kMaxTitleName)))
      .set("subtitle", fmt::format("{}, row {}: {} x {} pixels from 0, paper, to 255, ink", run.dataset.source, row + 1,
                                   side, side))
      .set("side", static_cast<double>(side))
      .set("step", side > kMaxNumberedSide ? 16.0 : 1.0)
      .set("value_font", side > 28 ? ",5" : ",8")
      .table("pixels", matrix_rows(image))
      .table("values", values)
      .draw(folder);
}

void draw_filters(const RunRecord& run, const Checkpoint& network, const fs::path& folder) {
  constexpr int64_t kColumns = 8;
  constexpr int64_t kMaxFilters = 64;
  at::Tensor weights = first_layer(network);
  const int64_t all = weights.size(0);
  weights = weights.slice(0, 0, kMaxFilters);
  const int64_t count = weights.size(0);
  const int64_t step = weights.size(1) + 1;
  const int64_t rows = (count + kColumns - 1) / kColumns;
  at::Tensor sheet = at::full({rows * step, kColumns * step}, std::numeric_limits<float>::quiet_NaN());
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = i / kColumns * step;
    const int64_t left = i % kColumns * step;
    sheet.slice(0, top, top + step - 1)
        .slice(1, left, left + step - 1)
        .copy_(weights[i] / weights[i].abs().max().clamp_min(1e-12));
  }
  const std::string which = count < all ? fmt::format("the first {} of {}", count, all) : fmt::format("all {}", all);
  const auto height = static_cast<int>(90 + 760 * sheet.size(0) / sheet.size(1));
  Figure("filters", kFigureWidth, height, templates::kFilters)
      .set("title", "Weights of the first layer")
      .set("subtitle", fmt::format("{}: {}, each scaled to its largest; orange: ink speaks for it, blue: against",
                                   subject(run), which))
      .set("columns", static_cast<double>(sheet.size(1)))
      .set("rows", static_cast<double>(sheet.size(0)))
      .table("pixels", matrix_rows(sheet))
      .draw(folder);
}

bool draw_feature_maps(const RunRecord& run, const Checkpoint& network, const fs::path& folder) {
  constexpr int64_t kEach = 10;
  const at::NoGradGuard no_grad;
  const auto row = run.held_out.rows[0].item<int64_t>();
  const at::Tensor image = run.dataset.images.slice(0, row, row + 1);
  const std::vector<at::Tensor> maps = network.model->feature_maps(normalize_images(image, network.info.normalization));
  if (maps.empty()) return false;
  const int64_t side = maps.front().size(2);
  std::vector<Cell> cells;
  for (size_t layer = 0; layer < maps.size(); ++layer) {
    const at::Tensor map = maps[layer].contiguous();
    // Smaller ones are enlarged to the first layer's size.
    const at::Tensor large = at::upsample_nearest2d(map, {side, side})[0];
    const at::Tensor shades = (large / large.max().clamp_min(1e-6) * 255).to(at::kByte);
    for (int64_t i = 0; i < kEach; ++i) {
      Cell cell{i < shades.size(0) ? shades[i] : at::zeros({side, side}, at::kByte), kFaint, {""}, ""};
      if (i == 0) {
        cell.captions = {fmt::format("layer {}", layer + 1)};
        cell.detail = fmt::format("{}: {} x {}", map.size(1), map.size(2), map.size(3));
      }
      cells.push_back(std::move(cell));
    }
  }
  draw_gallery(
      folder, "feature-maps", "What the convolutions make of it",
      fmt::format(
          "{}: the image of row {}, the first {} channels of each layer; below, how many channels and their size",
          subject(run), row + 1, kEach),
      cells, kEach);
  return true;
}

}  // namespace digitrec
