#pragma once

#include "digitrec/checkpoint/checkpoint.h"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace digitrec::serve {

/// How the data of a network writes an image and its label in a row of a CSV file.
struct RowForm {
  /// Of each class: its name, or its number where it has none or the reader would take names for something else. Empty
  /// when such a file cannot tell the classes apart: "1" is read as a number, and "A" beside it is not.
  std::vector<std::string> labels{};
  bool is_transposed = false;  ///< training swaps rows and columns

  bool operator==(const RowForm&) const = default;
};

RowForm row_form(const CheckpointInfo& info);

/// Misread drawings with their labels, in a CSV file of Kaggle's format that several servers may share; training reads
/// it as it read the network's data. Thread-safe.
class Corrections {
 public:
  /// The first correction creates the file, which grows to `max_bytes` at most.
  explicit Corrections(std::filesystem::path path, RowForm form = row_form({}), int64_t max_bytes = 64 << 20)
      : path_(std::move(path)), form_(std::move(form)), max_bytes_(max_bytes) {}

  /// Whether those of a network can be added: its classes are the ones of this file.
  bool take(const CheckpointInfo& info) const { return !form_.labels.empty() && row_form(info) == form_; }

  /// Throws Error when corrections of images of `pixels` pixels could not be added, or the file has labels of other
  /// classes.
  void require_usable(size_t pixels) const;

  /// Adds a row and syncs it to disk; returns a word that takes it back. Throws Error, which names the file without its
  /// folder, when the file cannot be written or holds images of another size, and Refusal when it is full.
  /// `label` counts the classes from 0.
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
  void require_own_labels() const;

  std::filesystem::path path_;
  RowForm form_;
  int64_t max_bytes_;
  std::mutex mutex_;
  std::deque<Added> added_;  ///< the last rows of this server, for them to be taken back
};

}  // namespace digitrec::serve
