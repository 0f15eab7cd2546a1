#include "digitrec/data/pictures.h"

#include "data/framing.h"
#include "data/image_file.h"
#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

/// A white page with a black bar from (x0, y0) to (x1, y1).
GrayImage page_with_bar(int64_t width, int64_t height, int64_t x0, int64_t y0, int64_t x1, int64_t y1) {
  GrayImage image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height), 255), "page"};
  for (int64_t y = y0; y < y1; ++y) {
    for (int64_t x = x0; x < x1; ++x) image.pixels[static_cast<size_t>(y * width + x)] = 0;
  }
  return image;
}

std::filesystem::path write_png(const TempFolder& folder, const std::string& name, const GrayImage& image) {
  return folder.write(name, encode_png(image));
}

double center(const std::vector<uint8_t>& image, bool vertical) {
  double mass = 0;
  double sum = 0;
  for (size_t i = 0; i < image.size(); ++i) {
    mass += image[i];
    sum += image[i] * (static_cast<double>(vertical ? i / 28 : i % 28) + 0.5);
  }
  return sum / mass;
}

TEST(FrameDigit, FitsTheInkInto20PixelsAndCentersItsMass) {
  const auto framed = frame_digit(page_with_bar(300, 200, 10, 20, 30, 120), 28);
  int rows_with_ink = 0;
  for (size_t y = 0; y < 28; ++y) {
    rows_with_ink += std::any_of(framed.begin() + static_cast<int64_t>(y * 28), framed.begin() + static_cast<int64_t>(y * 28 + 28), [](uint8_t v) { return v > 0; });
  }
  EXPECT_EQ(rows_with_ink, 20);
  EXPECT_NEAR(center(framed, false), 14, 0.5);
  EXPECT_NEAR(center(framed, true), 14, 0.5);
  EXPECT_EQ(*std::max_element(framed.begin(), framed.end()), 255);
}

TEST(FrameDigit, ReadsBothPolaritiesAlike) {
  const GrayImage dark_on_light = page_with_bar(120, 120, 50, 10, 70, 100);
  GrayImage light_on_dark = dark_on_light;
  for (uint8_t& pixel : light_on_dark.pixels) pixel = static_cast<uint8_t>(255 - pixel);
  EXPECT_EQ(frame_digit(dark_on_light, 28), frame_digit(light_on_dark, 28));
}

TEST(FrameDigit, DoesNotCareWhereTheDigitIs) {
  EXPECT_EQ(frame_digit(page_with_bar(120, 120, 10, 5, 30, 85), 28), frame_digit(page_with_bar(120, 120, 80, 30, 100, 110), 28));
}

TEST(FrameDigit, TakesAFramedDigitAsItIs) {
  GrayImage image{28, 28, std::vector<uint8_t>(784, 0), "digit"};
  image.pixels[10 * 28 + 5] = 200;
  EXPECT_EQ(frame_digit(image, 28), image.pixels);
}

TEST(FrameDigit, RefusesABlankPage) {
  EXPECT_ERROR(frame_digit(page_with_bar(50, 50, 0, 0, 0, 0), 28), Error,
               "page: blank: no ink stands out from the background; expected a picture of a digit");
}

TEST(ReadImage, ReadsPng) {
  const TempFolder folder;
  const GrayImage page = page_with_bar(7, 5, 1, 1, 3, 4);
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
  const auto whole = write_png(folder, "b.png", page_with_bar(40, 40, 1, 1, 30, 30));
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
