#pragma once

#include "digitrec/data/dataset.h"
#include "image/image_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace digitrec::test {

/// A folder of its own for one test, removed with it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// `path()` / name.
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  /// Writes a file into the folder and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view bytes) const;
  /// Names of all entries below the folder, sorted, relative to it.
  std::vector<std::string> entries() const;
  /// The bytes of all files below the folder, by name.
  std::map<std::string, std::string> contents() const;

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& path);

/// `size` x `size` images with the given labels and random pixels.
Dataset random_dataset(const std::vector<int64_t>& labels, int64_t size, uint64_t seed = 1);

/// The bytes of IDX files.
std::string idx_images(uint32_t count, uint32_t rows, uint32_t columns, std::string_view pixels,
                       uint32_t magic = 0x803);
std::string idx_labels(uint32_t count, std::string_view labels, uint32_t magic = 0x801);
std::string gzip(std::string_view bytes);

/// Writes a zip archive of files with these names and bytes.
void write_zip(const std::filesystem::path& path, const std::vector<std::pair<std::string, std::string>>& files);

/// A Kaggle CSV of 2 x 2 images with `rows` rows, labels counting 0, 1, 2, 0, ...
std::string tiny_csv(int rows, int classes = 3);

/// A white page with a black bar from (x0, y0) to (x1, y1).
GrayImage page_with_bar(int64_t width, int64_t height, int64_t x0, int64_t y0, int64_t x1, int64_t y1);

/// A preset's name as the name of a test, which takes no hyphen.
std::string preset_test_name(const testing::TestParamInfo<std::string>& preset);

struct ProgramResult {
  int exit_code = 0;
  std::string out;  ///< stdout
  std::string err;  ///< stderr
};

/// Runs the digitrec program with a shell command line after its name, in `folder`.
ProgramResult run_digitrec(const std::string& arguments, const std::filesystem::path& folder,
                           const std::string& prefix = "");

}  // namespace digitrec::test

/// The statement throws `Type` with exactly this message.
#define EXPECT_ERROR(statement, Type, message)     \
  try {                                            \
    statement;                                     \
    ADD_FAILURE() << "no error: " << (message);    \
  } catch (const Type& error) {                    \
    EXPECT_EQ(std::string(error.what()), message); \
  }
