#include "digitrec/image/pictures.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "image/framing.h"
#include "image/image_file.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace digitrec {

namespace fs = std::filesystem;

std::vector<fs::path> find_pictures(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::vector<fs::path> found;
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator(path)) {
        if (is_image_name(entry.path())) found.push_back(entry.path());
      }
      std::sort(found.begin(), found.end());
      if (const auto data = find_data_files(path); !found.empty() && !data.empty()) {
        throw Error(fmt::format("{}: holds both {} and pictures such as {}", path.string(),
                                data.front().filename().string(), found.front().filename().string()),
                    "name the one to use");
      }
    } else if (is_image_name(path)) {
      found.push_back(path);
    }
    if (found.empty() && paths.size() > 1) {
      throw Error(
          fmt::format("{}: no pictures found; expected .png or .jpg files, or a single data file", path.string()));
    }
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Pictures load_pictures(const std::vector<fs::path>& files, int64_t image_size) {
  std::vector<uint8_t> pixels;
  std::vector<int64_t> counts;
  for (const fs::path& file : files) {
    const std::vector<FramedDigit> digits = frame_digits(read_image(file), image_size);
    for (const FramedDigit& digit : digits) pixels.insert(pixels.end(), digit.pixels.begin(), digit.pixels.end());
    counts.push_back(static_cast<int64_t>(digits.size()));
  }
  return {make_dataset(std::move(pixels), {}, image_size, files.front().string()), std::move(counts)};
}

}  // namespace digitrec
