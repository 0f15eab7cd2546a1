#pragma once

#include "support.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace digitrec::test {

/// What people met, one folder a case, which lie beside the repository and not in it: ../shared/cases, or where
/// DIGITREC_CASES says. Its README.md says what is expected of each.
std::filesystem::path shared_cases();

bool holds(const std::string& text, const std::string& part);

/// A case's folder, and one to work in.
class Situation {
 public:
  explicit Situation(std::string name) : name_(std::move(name)) {}

  std::filesystem::path file(const std::string& name = "") const;
  const TempFolder& work() const { return work_; }

  ProgramResult run(const std::string& arguments, const std::string& prefix = "") const;
  /// What a shell command prints. It finds the program as $DIGITREC, and makes its temporary files in the folder.
  std::string sh(const std::string& command) const;
  /// What the case's own script prints, given that many rows of a train.csv.
  std::string script(int rows, const std::string& arguments = "") const;
  /// The folder that the script made for itself.
  std::filesystem::path made_folder() const;

  /// Trains `run` in the folder, on 500 digits.
  void train_network() const;
  /// The table that the program makes of data. `reading`: what it says of how it read them.
  std::string table_of(const std::filesystem::path& data, const std::string& reading = "",
                       const std::string& flags = "") const;

  void is_plain_table(const std::string& name = "train.csv", const std::string& reading = "") const;
  /// The data are those of a pair of IDX files, byte for byte.
  void is_idx(const std::filesystem::path& data, const std::filesystem::path& images,
              const std::filesystem::path& labels, const std::string& flags = "") const;
  /// `predict` reads the picture, or those in the folder in the order of their names, as these labels; an empty one is
  /// a picture without an answer, whose row says why.
  void is_pictures(const std::vector<std::string>& labels) const;

 private:
  std::string name_;
  TempFolder work_;
};

}  // namespace digitrec::test

#define SKIP_WITHOUT_CASES()                          \
  if (!std::filesystem::exists(test::shared_cases())) \
  GTEST_SKIP() << "no folder " << test::shared_cases() << ", nor one in DIGITREC_CASES"
