#include "digitrec/report/figures.h"

#include "figure_templates.h"
#include "report/gnuplot.h"

#include <spdlog/fmt/fmt.h>
#include <torch/types.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace digitrec {
namespace {

constexpr int kWidth = 800;  // as wide as a README shows it
constexpr int kOrange = 0xd55e00;

/// One image of a gallery with what stands below it.
struct Cell {
  torch::Tensor image;  ///< uint8 [S, S]
  int frame;            ///< colour
  std::string caption;
  std::string detail;
};

/// `width` x `height` values of a matrix as lines of numbers; uint8 [height, width].
std::string matrix_rows(const torch::Tensor& matrix) {
  std::string text;
  const auto* value = matrix.const_data_ptr<uint8_t>();
  for (int64_t y = 0; y < matrix.size(0); ++y) {
    for (int64_t x = 0; x < matrix.size(1); ++x) fmt::format_to(std::back_inserter(text), "{} ", *value++);
    text += '\n';
  }
  return text;
}

void draw_gallery(const std::filesystem::path& folder, const std::string& name, const std::string& title,
                  const std::string& subtitle, const std::vector<Cell>& cells) {
  constexpr int64_t kTop = 68;
  constexpr int64_t kMargin = 20;
  constexpr int64_t kColumns = 10;
  constexpr int64_t kCell = (kWidth - 2 * kMargin) / kColumns;
  constexpr int64_t kText = 38;  // height of the two lines
  const int64_t size = cells.empty() ? 28 : cells.front().image.size(0);
  const int64_t zoom = std::max<int64_t>(1, 60 / size);
  const int64_t side = size * zoom;
  const int64_t rows = (static_cast<int64_t>(cells.size()) + kColumns - 1) / kColumns;
  const int64_t height = kTop + rows * (side + kText) + 6;
  torch::Tensor sheet =
      torch::zeros({std::max<int64_t>(1, rows) * (side + kText) / zoom, kColumns * kCell / zoom}, torch::kUInt8);
  std::string frames;
  std::string captions;
  std::string details;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    // In pixels of the sheet, so that the image falls on whole ones.
    const int64_t x = (index % kColumns * kCell + (kCell - side) / 2) / zoom;
    const int64_t y = index / kColumns * (side + kText) / zoom;
    sheet.slice(0, y, y + size).slice(1, x, x + size).copy_(cells[i].image);
    const int64_t left = kMargin + x * zoom;
    const int64_t top = kTop + y * zoom;
    const int64_t center = left + side / 2;
    fmt::format_to(std::back_inserter(frames), "{} {} {} {} {} {} {}\n", center, top + side / 2, left - 2,
                   left + side + 2, top - 2, top + side + 2, cells[i].frame);
    fmt::format_to(std::back_inserter(captions), "{} {} {}\n", center, top + side + 10, quote(cells[i].caption));
    fmt::format_to(std::back_inserter(details), "{} {} {}\n", center, top + side + 22, quote(cells[i].detail));
  }
  Figure(name, kWidth, static_cast<int>(height), templates::kGallery)
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

}  // namespace

int64_t draw_mistakes(const std::filesystem::path& folder, const std::string& model, const Dataset& dataset,
                      const HeldOut& held_out) {
  const auto [probability, answer] = held_out.probabilities.max(1);
  const torch::Tensor labels = dataset.labels.index_select(0, held_out.rows);
  const torch::Tensor wrong = answer.ne(labels).nonzero().squeeze(1);
  const torch::Tensor order = wrong.index_select(0, probability.index_select(0, wrong).argsort(0, /*descending=*/true));
  const int64_t shown = std::min(kMostMistakes, order.numel());
  std::vector<Cell> cells;
  for (int64_t i = 0; i < shown; ++i) {
    const auto at = order[i].item<int64_t>();
    const auto row = held_out.rows[at].item<int64_t>();
    cells.push_back({dataset.images[row], kOrange,
                     fmt::format("{} → {}  {:.0f}%", labels[at].item<int64_t>(), answer[at].item<int64_t>(),
                                 100 * probability[at].item<float>()),
                     fmt::format("row {}", row + 1)});
  }
  const std::string which = shown < order.numel() ? fmt::format("; the first {} of them", shown) : "";
  draw_gallery(
      folder, "mistakes", fmt::format("What {} misreads", model),
      fmt::format("{}: {} wrong of {} rows, each read by networks that never saw it; label → answer, probability{}",
                  dataset.source, order.numel(), held_out.rows.numel(), which),
      cells);
  return order.numel();
}

}  // namespace digitrec
