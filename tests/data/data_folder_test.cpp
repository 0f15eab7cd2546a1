// What is read of folders and archives whose files have no usual names, and what is said of those without data.
#include "data/data_folder.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "support.h"

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
  EXPECT_THROW(load_dataset(folder.path(), Purpose::evaluate), Error);
  folder.write("other.csv", tiny_csv(9));
  EXPECT_ERROR(load_dataset(folder.path(), Purpose::train), Error,
               folder.path().string() +
                   ": holds mnist_784.csv, other.csv, and none is named train.csv; name the one to use");
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

}  // namespace
}  // namespace digitrec
