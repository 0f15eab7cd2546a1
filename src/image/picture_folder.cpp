#include "image/picture_folder.h"

#include "core/number.h"
#include "data/data_folder.h"
#include "data/picture_reader.h"
#include "digitrec/core/error.h"
#include "digitrec/image/pictures.h"
#include "image/class_folders.h"
#include "image/image_file.h"
#include "image/picture_bytes.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kImageSize = 28;

/// The numbers that all folders are named by, in their order; empty where one has another name.
std::vector<int64_t> numbers_of(const std::vector<ClassFolder>& folders) {
  std::vector<int64_t> numbers;
  for (const ClassFolder& folder : folders) {
    int64_t value = 0;
    const Range<int64_t> range{0, kMaxClasses - 1};
    if (parse_number(folder.name(), range, value)) return {};
    numbers.push_back(value);
  }
  return numbers;
}

/// A picture and its class.
struct Labelled {
  fs::path file;
  int64_t label = 0;
};

/// Round by round one of each class, so that the first ones show all.
std::vector<Labelled> list_pictures(const std::vector<ClassFolder>& classes) {
  std::vector<Labelled> pictures;
  for (size_t round = 0, before = SIZE_MAX; before != pictures.size(); ++round) {
    before = pictures.size();
    for (size_t c = 0; c < classes.size(); ++c) {
      const auto& files = classes[c].files;
      if (round < files.size()) pictures.push_back({files[round], static_cast<int64_t>(c)});
    }
  }
  return pictures;
}

/// The side that pictures come to: with the whole of them shown, their own where all have the same.
int64_t image_size_of(const std::vector<Labelled>& pictures, Framing framing, const PictureBytes& bytes) {
  constexpr int64_t kMaxOwnSize = 64;
  if (framing == Framing::digits) return kImageSize;
  int64_t size = 0;
  for (const Labelled& picture : pictures) {
    GrayImage image;
    if (bytes) {
      const std::string whole = bytes(picture.file);
      if (!is_image(whole)) continue;
      image = decode_image(whole, picture.file.string());
    } else {
      if (!begins_as_picture(picture.file)) continue;
      image = read_image(picture.file);
    }
    if (image.width != image.height || image.width > kMaxOwnSize || (size != 0 && image.width != size))
      return kImageSize;
    size = image.width;
  }
  return size == 0 ? kImageSize : size;
}

}  // namespace

Dataset load_picture_folder(const fs::path& folder, Framing framing, int64_t max_rows) {
  std::vector<ClassFolder> classes = class_folders(folder);
  require_classes(folder, classes);
  std::vector<int64_t> numbers = numbers_of(classes);
  if (!numbers.empty()) {
    std::sort(classes.begin(), classes.end(),
              [](const ClassFolder& a, const ClassFolder& b) { return std::stoll(a.name()) < std::stoll(b.name()); });
    std::sort(numbers.begin(), numbers.end());
  }
  std::vector<Labelled> pictures = list_pictures(classes);
  if (max_rows > 0) pictures.resize(std::min(pictures.size(), static_cast<size_t>(max_rows)));
  const PictureBytes bytes = bytes_below(folder);
  const int64_t size = image_size_of(pictures, framing, bytes);
  std::vector<fs::path> files;
  for (const Labelled& picture : pictures) files.push_back(picture.file);
  const PictureKind kind = framing == Framing::digits ? PictureKind::character : PictureKind::whole;
  const Pictures read = load_pictures(files, size, kind, bytes);

  std::vector<int64_t> labels;
  std::vector<std::string> errors;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (read.errors[i].empty()) {
      labels.push_back(pictures[i].label);
    } else {
      errors.push_back(fmt::format("{}: {}", files[i].string(), read.errors[i]));
    }
  }
  if (labels.empty()) throw Error(errors.front());
  Dataset dataset = read.digits;
  dataset.labels = at::tensor(labels, at::kLong);
  dataset.source = folder.string();
  if (numbers.empty()) {
    for (const ClassFolder& one : classes) dataset.classes.names.push_back(one.name());
  } else if (numbers.back() + 1 != static_cast<int64_t>(numbers.size())) {
    dataset.classes.labels = std::move(numbers);
  }
  add_reading(dataset, fmt::format("pictures in {} folders", classes.size()));
  if (const std::vector<fs::path> beside = pictures_beside(folder); !beside.empty()) {
    add_reading(dataset, fmt::format("{} beside the folders left out, such as {}", beside.size(),
                                     beside.front().filename().string()));
  }
  if (!errors.empty())
    add_reading(dataset, fmt::format("{} of {} left out, such as {}", errors.size(), pictures.size(), errors.front()));
  return dataset;
}

void read_picture_folders() { set_picture_reader({find_class_folders, load_picture_folder}); }

}  // namespace digitrec
