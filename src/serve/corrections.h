#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <vector>

namespace digitrec::serve {

/// Misread drawings with their labels, in a CSV file of Kaggle's format. Thread-safe.
class Corrections {
 public:
  /// The first correction creates the file.
  explicit Corrections(std::filesystem::path path) : path_(std::move(path)) {}

  /// Adds a row and syncs it to disk. Throws Error when the file cannot be written or holds images of another size.
  void add(int64_t label, const std::vector<uint8_t>& pixels);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
};

}  // namespace digitrec::serve
