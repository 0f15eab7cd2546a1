// What is read of folders and archives whose files have no usual names, and what is said of those without data.
#include "data/data_folder.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "support.h"

#include <zip.h>

namespace digitrec {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using test::tiny_csv;

TEST(DataFolder, OfAFolderIsItsOnlyTable) {
  const TempFolder folder;
  const auto file = folder.write("mnist_784.csv", tiny_csv(9));
  folder.write("sample_submission.csv", "ImageId,Label\n1,0\n");
  EXPECT_EQ(load_dataset(folder.path(), Purpose::train).source, file.string());
  EXPECT_EQ(find_data_files(folder.path()), std::vector<fs::path>{file});
  EXPECT_ERROR(load_dataset(folder.path(), Purpose::evaluate), Error,
               folder.path().string() +
                   ": no test.csv, t10k-images-idx3-ubyte, mnist.npz, x_test.npy or folders of pictures; if " +
                   file.string() + " is to be read, name it");
  folder.write("other.csv", tiny_csv(9));
  EXPECT_ERROR(
      load_dataset(folder.path(), Purpose::train), Error,
      folder.path().string() + ": holds mnist_784.csv, other.csv, and none is named train.csv; name the one to use");
}

TEST(DataFolder, OfARunHoldsNoTable) {
  const TempFolder folder;
  folder.write("metrics.csv", tiny_csv(9));
  folder.write("best.safetensors", "x");
  EXPECT_TRUE(find_data_files(folder.path()).empty());
}

TEST(DataFolder, OfAFolderIsNoTableBesidePictures) {
  const TempFolder folder;
  folder.write("names.csv", tiny_csv(9));
  folder.write("1.png", "\x89PNG\r\n\x1a\n");
  EXPECT_THROW(load_dataset(folder.path(), Purpose::train), Error);
  fs::create_directory(folder / "images");
  fs::rename(folder / "1.png", folder / "images/1.png");
  EXPECT_THROW(load_dataset(folder.path(), Purpose::train), Error);
}

TEST(DataFolder, WithoutDataIsNamedByWhatIsInIt) {
  constexpr const char* kExpected = "; expected files of CSV, IDX, npz or npy, or folders of pictures; ";
  const std::string picture = "\x89PNG\r\n\x1a\n";
  struct Case {
    std::vector<std::string> files;
    std::string bytes;
    std::string what;
    std::string hint;
  };
  for (const auto& [files, bytes, what, hint] :
       std::vector<Case>{{{"README.md", "data/test.parquet", "data/train.parquet"},
                          "PAR1",
                          "2 Parquet files",
                          "write .npz or CSV of them with Python, as docs/data.md says"},
                         {{"1.png", "2.png", "3.png"},
                          picture,
                          "3 pictures, none in a class's folder",
                          "put those of each class into a folder named as it"},
                         {{"all/1.png", "all/2.png"},
                          picture,
                          "2 pictures, all in one folder",
                          "put those of each class into a folder named as it"},
                         {{"test.pt", "training.pt"},
                          "\x80\x02",
                          "2 PyTorch files (.pt)",
                          "write numpy.savez(FILE, x_train=images, y_train=labels), or name MNIST/raw"},
                         {{"a.mat"},
                          "MATLAB 5.0",
                          "a MATLAB file",
                          "save the arrays with numpy.savez(FILE, x_train=..., y_train=...)"}}) {
    const TempFolder folder;
    for (const std::string& file : files) {
      fs::create_directories((folder / file).parent_path());
      folder.write(file, file == "README.md" ? "text" : bytes);
    }
    EXPECT_ERROR(load_dataset(folder.path(), Purpose::train), Error,
                 folder.path().string() + ": " + what + kExpected + hint);
  }
}

std::string zip_of(const TempFolder& folder, const std::vector<std::pair<std::string, std::string>>& files) {
  const fs::path path = folder / "making.zip";
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, bytes] : files)
    zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
  zip_close(zip);
  std::string bytes = test::read_text(path);
  fs::remove(path);
  return bytes;
}

TEST(ArchiveInArchive, IsReadWhereItHoldsOneFile) {
  const TempFolder folder;
  const Dataset plain = load_dataset(folder.write("a.csv", tiny_csv(9)), Purpose::train);
  const std::string inner = zip_of(folder, {{"train.csv", tiny_csv(9)}});
  for (const std::string name : {"train.csv.zip", "digits.zip"}) {
    const auto outer = folder.write("outer.zip", zip_of(folder, {{name, inner}}));
    const Dataset data = load_dataset(outer, Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images)) << name;
    EXPECT_EQ(data.source, (outer / name).string());
  }
  const auto kaggle = folder.write(
      "b.zip", zip_of(folder, {{"test.csv.zip", zip_of(folder, {{"test.csv", "x"}})}, {"train.csv.zip", inner}}));
  EXPECT_TRUE(load_dataset(kaggle, Purpose::train).labels.equal(plain.labels));
}

TEST(Archive, HasTheNamesOfEmnistsClasses) {
  const TempFolder folder;
  const auto archive = folder.write(
      "gzip.zip",
      zip_of(folder, {{"gzip/emnist-letters-train-images-idx3-ubyte", test::idx_images(2, 2, 2, "abcdefgh")},
                      {"gzip/emnist-letters-train-labels-idx1-ubyte", test::idx_labels(2, "\1\2")},
                      {"gzip/emnist-letters-mapping.txt", "1 65 97\n2 66 98\n"}}));
  EXPECT_EQ(load_dataset(archive, Purpose::train).classes.names, (std::vector<std::string>{"A", "B"}));
}

TEST(ArchiveInArchive, MayBeAnNpz) {
  const TempFolder folder;
  folder.write("a.csv", tiny_csv(9));
  ASSERT_EQ(test::run_digitrec("data convert a.csv mnist.npz", folder.path()).exit_code, 0);
  const auto outer = folder.write("outer.zip", zip_of(folder, {{"mnist.npz", test::read_text(folder / "mnist.npz")}}));
  const Dataset data = load_dataset(outer, Purpose::train);
  EXPECT_TRUE(data.images.equal(load_dataset(folder / "a.csv", Purpose::train).images));
}

TEST(ArchiveInArchive, OfSeveralFilesIsToBeUnpacked) {
  const TempFolder folder;
  const auto outer = folder.write(
      "outer.zip", zip_of(folder, {{"letters.zip", zip_of(folder, {{"a/1.png", "x"}, {"b/1.png", "y"}})}}));
  EXPECT_ERROR(load_dataset(outer, Purpose::train), Error,
               (outer / "letters.zip").string() +
                   ": a zip archive within another, of 2 files; expected one file in it; unpack the outer one first, "
                   "and name this");
}

}  // namespace
}  // namespace digitrec
