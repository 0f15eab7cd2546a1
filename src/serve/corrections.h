#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace digitrec::serve {

/// Misread drawings with their labels, in a CSV file of Kaggle's format that several servers may share. Thread-safe.
class Corrections {
 public:
  /// The first correction creates the file, which grows to `max_bytes` at most.
  explicit Corrections(std::filesystem::path path, int64_t max_bytes = 64 << 20)
      : path_(std::move(path)), max_bytes_(max_bytes) {}

  /// Throws Error when corrections of images of `pixels` pixels could not be added.
  void require_usable(size_t pixels) const;

  /// Adds a row and syncs it to disk; returns a word that takes it back. Throws Error, which names the file without its
  /// folder, when the file cannot be written or holds images of another size, and Refusal when it is full.
  std::string add(int64_t label, const std::vector<uint8_t>& pixels);
  /// Removes the row that `word` stands for. Throws Refusal when there is none, or other rows have come behind it.
  void take_back(const std::string& word);

  /// Without its folder, which is nobody's business.
  std::string name() const { return path_.filename().string(); }

 private:
  struct Added {
    std::string word;
    int64_t offset;
    std::string row;
  };

  std::filesystem::path path_;
  int64_t max_bytes_;
  std::mutex mutex_;
  std::deque<Added> added_;  ///< the last rows of this server, for them to be taken back
};

}  // namespace digitrec::serve
