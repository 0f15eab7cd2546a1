#include "data/npz_arrays.h"

#include "core/names.h"
#include "digitrec/data/dataset.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace digitrec {
namespace {

constexpr std::array kTrainNames{ArrayNames{"x_train", "y_train"},
                                 ArrayNames{"train_images", "train_labels"},
                                 ArrayNames{"train_x", "train_y"},
                                 ArrayNames{"images_train", "labels_train"},
                                 ArrayNames{"train_data", "train_labels"},
                                 ArrayNames{"training_images", "training_labels"},
                                 ArrayNames{"xtr", "ytr"},
                                 ArrayNames{"trainx", "trainy"}};
constexpr std::array kTestNames{ArrayNames{"x_test", "y_test"},
                                ArrayNames{"test_images", "test_labels"},
                                ArrayNames{"test_x", "test_y"},
                                ArrayNames{"images_test", "labels_test"},
                                ArrayNames{"test_data", "test_labels"},
                                ArrayNames{"x_val", "y_val"},
                                ArrayNames{"val_images", "val_labels"},
                                ArrayNames{"xte", "yte"},
                                ArrayNames{"testx", "testy"}};
constexpr std::array kOtherNames{ArrayNames{"images", "labels"},  ArrayNames{"images", "target"},
                                 ArrayNames{"images", "targets"}, ArrayNames{"x", "y"},
                                 ArrayNames{"data", "labels"},    ArrayNames{"data", "target"},
                                 ArrayNames{"data", "targets"},   ArrayNames{"features", "labels"},
                                 ArrayNames{"arr_0", "arr_1"},    ArrayNames{"imgs", "labels"}};

std::string find_name(const std::vector<std::string>& names, std::string_view wanted) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const std::string& name) { return lower_case(name) == wanted; });
  return found == names.end() ? "" : *found;
}

template <size_t N>
NpzArrays find_names(const std::vector<std::string>& names, const std::array<ArrayNames, N>& known) {
  for (const ArrayNames& pair : known) {
    const std::string images = find_name(names, pair.images);
    if (images.empty()) continue;
    // Of {data, labels} and {data, target} the second may be meant.
    const std::string labels = find_name(names, pair.labels);
    const bool is_last = &pair == &known.back() || (&pair + 1)->images != pair.images;
    if (!labels.empty() || is_last) return {images, labels};
  }
  return {};
}

bool may_be_labels(const std::vector<int64_t>& shape) {
  return shape.size() == 1 || (shape.size() == 2 && shape[1] <= kMaxClasses);
}

bool may_be_images(const std::vector<int64_t>& shape) {
  constexpr int64_t kLeastPixels = 64;  // one-hot labels are narrower
  return shape.size() > 2 || (shape.size() == 2 && shape[1] >= kLeastPixels);
}

/// Whether arrays of these shapes may be images with their labels.
bool fit(const std::vector<int64_t>& images, const std::vector<int64_t>& labels) {
  return may_be_images(images) && may_be_labels(labels) && images[0] == labels[0];
}

/// Two arrays of any names of which one has the shape of images, the other that of as many labels.
NpzArrays find_by_shape(const std::vector<std::string>& names, const ShapeOf& shape_of) {
  if (names.size() != 2) return {};
  const bool is_first = fit(shape_of(names[0]), shape_of(names[1]));
  const bool is_second = fit(shape_of(names[1]), shape_of(names[0]));
  if (is_first == is_second) return {};
  if (lower_case(names[is_first ? 1 : 0]).starts_with("id")) return {};  // those number the images
  return is_first ? NpzArrays{names[0], names[1]} : NpzArrays{names[1], names[0]};
}

/// Whether there are four arrays without names, as numpy.savez(FILE, a, b, c, d) writes them.
bool are_four_numbered(const std::vector<std::string>& names) {
  constexpr size_t kParts = 4;
  return names.size() == kParts && !find_name(names, "arr_0").empty() && !find_name(names, "arr_3").empty();
}

/// Of four arrays without names the pair to train on or to test on: x, y, x, y, or as train_test_split() returns them
/// x, x, y, y. The shapes tell; empty where neither fits.
NpzArrays find_numbered(bool is_test, const ShapeOf& shape_of) {
  using Order = std::array<NpzArrays, 2>;
  const Order pairs{NpzArrays{"arr_0", "arr_1"}, NpzArrays{"arr_2", "arr_3"}};
  const Order split{NpzArrays{"arr_0", "arr_2"}, NpzArrays{"arr_1", "arr_3"}};
  for (const Order& order : {pairs, split}) {
    const bool fits = std::all_of(order.begin(), order.end(), [&](const NpzArrays& part) {
      return fit(shape_of(part.images), shape_of(part.labels));
    });
    if (fits) return order[is_test ? 1 : 0];
  }
  return {};
}

}  // namespace

NpzArrays find_npz_arrays(const std::vector<std::string>& names, Purpose purpose, const ShapeOf& shape_of) {
  const bool is_test = purpose == Purpose::evaluate || purpose == Purpose::predict;
  if (are_four_numbered(names)) return find_numbered(is_test, shape_of);
  NpzArrays found = is_test ? find_names(names, kTestNames) : find_names(names, kTrainNames);
  if (found.images.empty() && purpose == Purpose::inspect) found = find_names(names, kTestNames);
  if (found.images.empty() && !find_name(names, "arr_0").empty()) found = find_by_shape(names, shape_of);
  if (found.images.empty()) found = find_names(names, kOtherNames);
  if (found.images.empty() && names.size() == 1) found.images = names.front();
  if (found.labels.empty()) {  // also of {data, label}
    if (const NpzArrays pair = find_by_shape(names, shape_of); !pair.images.empty()) found = pair;
  }
  return found;
}

bool has_two_parts(const std::vector<std::string>& names) {
  if (are_four_numbered(names)) return true;
  return !find_names(names, kTrainNames).images.empty() && !find_names(names, kTestNames).images.empty();
}

}  // namespace digitrec
