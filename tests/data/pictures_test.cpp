#include "digitrec/data/pictures.h"

#include "data/image_file.h"
#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

std::filesystem::path write_png(const TempFolder& folder, const std::string& name, const GrayImage& image) {
  return folder.write(name, encode_png(image));
}

TEST(ReadImage, ReadsPng) {
  const TempFolder folder;
  const GrayImage page = test::page_with_bar(7, 5, 1, 1, 3, 4);
  const GrayImage again = read_image(write_png(folder, "a.png", page));
  EXPECT_EQ(again.width, 7);
  EXPECT_EQ(again.height, 5);
  EXPECT_EQ(again.pixels, page.pixels);
}

TEST(ReadImage, RefusesWhatIsNoPicture) {
  const TempFolder folder;
  const auto text = folder.write("a.png", "hello");
  EXPECT_ERROR(read_image(text), Error,
               text.string() + ": neither a PNG nor a JPEG file; expected a PNG or JPEG picture of a digit");
  const auto whole = write_png(folder, "b.png", test::page_with_bar(40, 40, 1, 1, 30, 30));
  const auto cut = folder.write("c.png", test::read_text(whole).substr(0, 60));
  EXPECT_THROW(read_image(cut), Error);
  const auto jpeg = folder.write("d.jpg", "\xff\xd8\xff nothing more");
  EXPECT_THROW(read_image(jpeg), Error);
}

TEST(FindPictures, ListsFilesInTheOrderGivenAndFoldersByName) {
  const TempFolder folder;
  for (const char* name : {"b.png", "a.JPG", "notes.txt"}) folder.write(name, "");
  EXPECT_EQ(find_pictures({folder.path()}), (std::vector<std::filesystem::path>{folder / "a.JPG", folder / "b.png"}));
  EXPECT_EQ(find_pictures({folder / "b.png", folder / "a.JPG"}),
            (std::vector<std::filesystem::path>{folder / "b.png", folder / "a.JPG"}));
  const TempFolder mixed;
  mixed.write("a.png", "");
  mixed.write("test.csv", "");
  EXPECT_ERROR(find_pictures({mixed.path()}), Error,
               mixed.path().string() + ": holds both test.csv and pictures such as a.png; name the one to use");
  EXPECT_TRUE(find_pictures({folder / "test.csv"}).empty());
  EXPECT_ERROR(find_pictures({folder / "b.png", folder / "test.csv"}), Error,
               (folder / "test.csv").string() + ": no picture; expected .png or .jpg files, or a single data file");
}

}  // namespace
}  // namespace digitrec
