#include "image/picture_folder.h"

#include "core/file_kind.h"
#include "core/names.h"
#include "core/number.h"
#include "data/data_folder.h"
#include "data/picture_reader.h"
#include "digitrec/core/error.h"
#include "digitrec/image/pictures.h"
#include "image/image_file.h"

#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kImageSize = 28;

bool is_picture(const fs::path& file) { return kind_of_file(file).name.ends_with(" picture"); }

/// The folders below `folder` that have pictures in them, by name.
std::vector<DataFolder> class_folders(const fs::path& folder) {
  std::vector<DataFolder> classes;
  const DataFolder place(folder);
  if (place.is_in_archive()) return {};  // each picture would be looked for in the whole of it
  for (const fs::path& below : place.folders()) {
    DataFolder found(below);
    const auto& files = found.files();
    if (std::any_of(files.begin(), files.end(), is_picture)) classes.push_back(std::move(found));
  }
  return classes;
}

/// The numbers that all folders are named by, in their order; empty where one has another name.
std::vector<int64_t> numbers_of(const std::vector<DataFolder>& folders) {
  std::vector<int64_t> numbers;
  for (const DataFolder& folder : folders) {
    int64_t value = 0;
    const Range<int64_t> range{0, kMaxClasses - 1};
    if (parse_number(folder.path().filename().string(), range, value)) return {};
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
std::vector<Labelled> list_pictures(const std::vector<DataFolder>& classes) {
  std::vector<Labelled> pictures;
  for (size_t round = 0, before = SIZE_MAX; before != pictures.size(); ++round) {
    before = pictures.size();
    for (size_t c = 0; c < classes.size(); ++c) {
      const auto& files = classes[c].files();
      if (round < files.size()) pictures.push_back({files[round], static_cast<int64_t>(c)});
    }
  }
  return pictures;
}

/// The side that pictures come to: with the whole of them shown, their own where all have the same.
int64_t image_size_of(const std::vector<Labelled>& pictures, Framing framing) {
  constexpr int64_t kMaxOwnSize = 64;
  if (framing == Framing::digits) return kImageSize;
  int64_t size = 0;
  for (const Labelled& picture : pictures) {
    if (!is_picture(picture.file)) continue;
    const GrayImage image = read_image(picture.file);
    if (image.width != image.height || image.width > kMaxOwnSize || (size != 0 && image.width != size))
      return kImageSize;
    size = image.width;
  }
  return size == 0 ? kImageSize : size;
}

}  // namespace

fs::path find_class_folders(const fs::path& folder, Purpose purpose) {
  std::vector<std::string> wanted{"test", "testing", "val", "valid", "validation"};
  if (purpose == Purpose::train || purpose == Purpose::inspect) wanted = {"train", "training"};
  const DataFolder place(folder);
  for (const std::string& name : wanted) {
    for (const fs::path& below : place.folders()) {
      if (lower_case(below.filename().string()) == name && !class_folders(below).empty()) return below;
    }
  }
  // One folder of pictures alone is no data set of one class, but a folder that holds another.
  return class_folders(folder).size() > 1 ? folder : fs::path{};
}

Dataset load_picture_folder(const fs::path& folder, Framing framing, int64_t max_rows) {
  std::vector<DataFolder> classes = class_folders(folder);
  std::vector<int64_t> numbers = numbers_of(classes);
  if (!numbers.empty()) {
    std::sort(classes.begin(), classes.end(), [](const DataFolder& a, const DataFolder& b) {
      return std::stoll(a.path().filename().string()) < std::stoll(b.path().filename().string());
    });
    std::sort(numbers.begin(), numbers.end());
  }
  std::vector<Labelled> pictures = list_pictures(classes);
  if (max_rows > 0) pictures.resize(std::min(pictures.size(), static_cast<size_t>(max_rows)));
  const int64_t size = image_size_of(pictures, framing);
  std::vector<fs::path> files;
  for (const Labelled& picture : pictures) files.push_back(picture.file);
  const PictureKind kind = framing == Framing::digits ? PictureKind::character : PictureKind::whole;
  const Pictures read = load_pictures(files, size, kind);

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
    for (const DataFolder& one : classes) dataset.classes.names.push_back(one.path().filename().string());
  } else if (numbers.back() + 1 != static_cast<int64_t>(numbers.size())) {
    dataset.classes.labels = numbers;
  }
  add_reading(dataset, fmt::format("pictures in {} folders", classes.size()));
  if (!errors.empty())
    add_reading(dataset, fmt::format("{} of {} left out, such as {}", errors.size(), pictures.size(), errors.front()));
  return dataset;
}

void read_picture_folders() { set_picture_reader({find_class_folders, load_picture_folder}); }

}  // namespace digitrec
