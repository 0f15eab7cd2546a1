#include "cli/picture_tables.h"

#include "data/csv_writer.h"

#include <spdlog/fmt/fmt.h>

#include <span>

namespace digitrec::cli {

namespace fs = std::filesystem;

std::vector<PictureLabel> label_pictures(const Pictures& pictures, const at::Tensor& probabilities,
                                         const Classes& classes) {
  std::vector<PictureLabel> labels;
  std::span<const TextPlace> places = pictures.places;
  int64_t row = 0;
  for (size_t i = 0; i < pictures.counts.size(); ++i) {
    std::vector<std::string> names;
    PictureLabel label{.probability = pictures.counts[i] > 0 ? 1.0 : 0.0, .error = pictures.errors[i]};
    for (const int64_t end = row + pictures.counts[i]; row < end; ++row) {
      const auto [best, index] = probabilities[row].max(0);
      names.push_back(classes.name(index.item<int64_t>()));
      label.probability *= best.item<float>();
    }
    label.text = join_numbers(names, places.first(names.size()));
    places = places.subspan(names.size());
    labels.push_back(std::move(label));
  }
  return labels;
}

int64_t withhold_unsure(std::vector<PictureLabel>& labels, double min_probability) {
  int64_t withheld = 0;
  for (PictureLabel& label : labels) {
    if (label.text.empty() || label.probability >= min_probability) continue;
    label.error = fmt::format("not sure: perhaps {}", label.text);
    label.text.clear();
    ++withheld;
  }
  return withheld;
}

std::string picture_table(const std::vector<fs::path>& files, const std::vector<PictureLabel>& labels) {
  std::string text = "File,Label,Probability,Error\n";
  for (size_t i = 0; i < files.size(); ++i) {
    text += csv_field(files[i].string()) + "," + csv_field(labels[i].text) + ",";
    if (labels[i].probability > 0) fmt::format_to(std::back_inserter(text), "{:.4f}", labels[i].probability);
    text += "," + csv_field(labels[i].error) + "\n";
  }
  return text;
}

std::string picture_probabilities(const std::vector<fs::path>& files, const Pictures& pictures,
                                  const at::Tensor& probabilities, const Classes& classes) {
  std::string text = "File,Line,Position,Label";
  for (int64_t c = 0; c < probabilities.size(1); ++c)
    text.append(1, ',').append(csv_field(fmt::format("p{}", classes.name(c))));
  text += '\n';
  int64_t row = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    for (int64_t position = 1; position <= pictures.counts[i]; ++position, ++row) {
      const std::string label = classes.name(probabilities[row].argmax().item<int64_t>());
      text += csv_field(files[i].string()) +
              fmt::format(",{},{},", pictures.places[static_cast<size_t>(row)].line + 1, position) + csv_field(label);
      for (int64_t c = 0; c < probabilities.size(1); ++c)
        fmt::format_to(std::back_inserter(text), ",{:.6g}", probabilities[row][c].item<float>());
      text += '\n';
    }
  }
  return text;
}

}  // namespace digitrec::cli
