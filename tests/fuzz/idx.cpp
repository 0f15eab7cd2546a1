#include "data/idx.h"
#include "fuzz.h"

#include <algorithm>

// MNIST's two files: the first byte says how much of the rest, in 1/256, is the images' file.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  if (size == 0) return 0;
  const std::string_view rest = fuzz::text_of(data + 1, size - 1);
  const size_t cut = rest.size() * data[0] / 256;
  const auto images = fuzz::file_of(rest.substr(0, cut), "images");
  const auto labels = fuzz::file_of(rest.substr(cut), "labels");
  fuzz::parse([&] { read_idx_images(images); });
  fuzz::parse([&] { read_idx_labels(labels); });
  return fuzz::parse([&] { read_idx(images, labels, /*max_images=*/2); });
}
