#include "digitrec/image/pictures.h"

#include "digitrec/core/error.h"
#include "image/image_file.h"
#include "support.h"

#include <array>

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

TEST(ReadImage, RefusesFilesThatAreNotPictures) {
  const TempFolder folder;
  const auto text = folder.write("a.png", "hello");
  EXPECT_ERROR(
      read_image(text), Error,
      text.string() + ": not a picture; expected a PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF picture of a digit");
  const auto whole = write_png(folder, "b.png", test::page_with_bar(40, 40, 1, 1, 30, 30));
  const auto cut = folder.write("c.png", test::read_text(whole).substr(0, 60));
  EXPECT_THROW(read_image(cut), Error);
  const auto jpeg = folder.write("d.jpg", "\xff\xd8\xff nothing more");
  EXPECT_THROW(read_image(jpeg), Error);
}

TEST(ReadImage, TurnsAPhotoAsItsCameraWasHeld) {
  const std::string jpeg = test::read_text(std::filesystem::path(DIGITREC_FIXTURES) / "pictures/one.jpg");
  const GrayImage plain = decode_image(jpeg, "one");
  const auto turned = [&](char orientation, bool is_little) {
    std::string tiff = is_little ? std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18)
                                 : std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19);
    tiff += orientation;
    tiff.append(is_little ? 3 : 2, '\0');
    const std::string exif = std::string("Exif\0\0", 6) + tiff;
    const std::string segment = std::string("\xff\xe1\0", 3) + static_cast<char>(exif.size() + 2) + exif;
    return decode_image(jpeg.substr(0, 2) + segment + jpeg.substr(2), "one");
  };
  const auto at = [](const GrayImage& image, int64_t x, int64_t y) {
    return image.pixels[static_cast<size_t>(y * image.width + x)];
  };
  const int64_t w = plain.width;
  const int64_t h = plain.height;
  EXPECT_EQ(turned(1, true).pixels, plain.pixels);
  for (const bool is_little : {true, false}) {
    const GrayImage mirrored = turned(2, is_little);
    const GrayImage half = turned(3, is_little);
    const GrayImage right = turned(6, is_little);  // to be turned clockwise
    const GrayImage left = turned(8, is_little);
    EXPECT_EQ(right.width, h);
    EXPECT_EQ(right.height, w);
    for (int64_t y = 0; y < h; ++y) {
      for (int64_t x = 0; x < w; ++x) {
        ASSERT_EQ(at(mirrored, w - 1 - x, y), at(plain, x, y));
        ASSERT_EQ(at(half, w - 1 - x, h - 1 - y), at(plain, x, y));
        ASSERT_EQ(at(right, h - 1 - y, x), at(plain, x, y));
        ASSERT_EQ(at(left, y, w - 1 - x), at(plain, x, y));
      }
    }
  }
  EXPECT_EQ(turned(9, true).pixels, plain.pixels);  // not an orientation
}

TEST(FindPictures, ListsFilesInTheOrderGivenAndFoldersByName) {
  using Paths = std::vector<std::filesystem::path>;
  const TempFolder folder;
  for (const char* name : {"b.png", "a.JPG", "notes.txt", ".hidden.png", "Thumbs.db"}) folder.write(name, "");
  folder.write("c", "GIF89a");           // by its first bytes
  folder.write("d.svg", "<svg></svg>");  // a kind that is not read, and will be named
  EXPECT_EQ(find_pictures({folder.path()}).files,
            (Paths{folder / "a.JPG", folder / "b.png", folder / "c", folder / "d.svg"}));
  EXPECT_EQ(find_pictures({folder.path()}).left_out, (Paths{folder / "notes.txt"}));
  EXPECT_EQ(find_pictures({folder / "b.png", folder / "a.JPG"}).files, (Paths{folder / "b.png", folder / "a.JPG"}));
  const TempFolder mixed;
  mixed.write("a.png", "");
  mixed.write("test.csv", "");
  EXPECT_ERROR(find_pictures({mixed.path()}), Error,
               mixed.path().string() + ": holds both test.csv and pictures such as a.png; name the one to use");
  EXPECT_TRUE(find_pictures({folder / "test.csv"}).files.empty());
  EXPECT_ERROR(find_pictures({folder / "notes.txt", folder / "test.csv"}), Error,
               (folder / "notes.txt").string() +
                   ": no picture, and none of the others is; expected pictures, or a single data file");
}

TEST(FindPictures, AreAlsoThoseInNameOnlyAndWhatIsNamedBesideThem) {
  using Paths = std::vector<std::filesystem::path>;
  const TempFolder folder;
  folder.write("lfs.png", "version https://git-lfs.github.com/spec/v1\n");
  folder.write("page.jpg", "<!DOCTYPE html><html></html>");
  folder.write("table.PNG", "PAR1");
  folder.write("table.parquet", "PAR1");
  EXPECT_EQ(find_pictures({folder.path()}).files,
            (Paths{folder / "lfs.png", folder / "page.jpg", folder / "table.PNG"}));
  EXPECT_EQ(find_pictures({folder.path()}).left_out, (Paths{folder / "table.parquet"}));
  const PictureFiles named = find_pictures({folder / "table.parquet", folder / "page.jpg"});
  EXPECT_EQ(named.files, (Paths{folder / "table.parquet", folder / "page.jpg"}));
  EXPECT_TRUE(named.left_out.empty());
}

TEST(FindPictures, OfADataSetAreThoseToTestOn) {
  using Paths = std::vector<std::filesystem::path>;
  const TempFolder folder;
  for (const char* below : {"train/A", "train/B", "test", "photos"}) {
    std::filesystem::create_directories(folder / below);
    folder.write(std::string(below) + "/1.gif", "GIF89a");
  }
  EXPECT_EQ(find_pictures({folder.path()}).files, (Paths{folder / "test/1.gif"}));
  EXPECT_EQ(find_pictures({folder / "train"}).files, (Paths{folder / "train/A/1.gif", folder / "train/B/1.gif"}));
  std::filesystem::remove_all(folder / "train");
  EXPECT_EQ(find_pictures({folder.path()}).files, (Paths{folder / "photos/1.gif", folder / "test/1.gif"}));
}

TEST(FindPictures, NameFoldersOfMoreBesideThem) {
  using Paths = std::vector<std::filesystem::path>;
  const TempFolder folder;
  std::filesystem::create_directories(folder / "more");
  std::filesystem::create_directories(folder / "notes");
  for (const char* name : {"1.gif", "more/2.gif"}) folder.write(name, "GIF89a");
  folder.write("notes/read.txt", "");
  const PictureFiles found = find_pictures({folder.path()});
  EXPECT_EQ(found.files, (Paths{folder / "1.gif"}));
  EXPECT_EQ(found.left_out, (Paths{folder / "more"}));
}

TEST(FindPictures, AreThoseInAZipArchive) {
  using Paths = std::vector<std::filesystem::path>;
  const TempFolder folder;
  const std::string bar = encode_png(test::page_with_bar(60, 80, 25, 10, 32, 70));
  const auto zip = [&](const char* name, const std::vector<std::pair<std::string, std::string>>& files) {
    test::write_zip(folder / name, files);
    return folder / name;
  };
  const auto flat = zip("flat.zip", {{"b/2.png", bar}, {"1.png", bar}, {"notes.txt", "x"}});
  const PictureFiles found = find_pictures({flat});
  EXPECT_EQ(found.files, (Paths{flat / "1.png", flat / "b/2.png"}));
  EXPECT_EQ(found.left_out, (Paths{flat / "notes.txt"}));
  const Pictures pictures = load_pictures(found.files, 28, PictureKind::number, found.bytes);
  EXPECT_EQ(pictures.counts, (std::vector<int64_t>{1, 1}));
  const auto sorted = zip("sorted.zip", {{"train/A/1.png", bar}, {"train/B/2.png", bar}, {"test/A/3.png", bar}});
  EXPECT_EQ(find_pictures({sorted}).files, (Paths{sorted / "test/A/3.png"}));
  const auto odd = zip("odd.zip", {{"scan", bar}, {"1.png", bar}, {"drawing.svg", "<svg></svg>"}, {"notes.txt", "x"}});
  EXPECT_EQ(find_pictures({odd}).files, (Paths{odd / "1.png", odd / "drawing.svg", odd / "scan"}));
  EXPECT_EQ(find_pictures({odd}).left_out, (Paths{odd / "notes.txt"}));
  EXPECT_TRUE(find_pictures({zip("table.zip", {{"test.csv", "x"}, {"look.png", bar}})}).files.empty());
}

TEST(LoadPictures, SaysOfEachWhatItIsOrWhyNot) {
  const TempFolder folder;
  const auto bar = folder.write("bar.png", encode_png(test::page_with_bar(60, 80, 25, 10, 32, 70)));
  const auto blank = folder.write("blank.png", encode_png(test::page_with_bar(60, 80, 0, 0, 0, 0)));
  const auto cut = folder.write("cut.png", test::read_text(bar).substr(0, 60));
  const Pictures pictures = load_pictures(std::vector{cut, bar, blank}, 28, PictureKind::number);
  EXPECT_EQ(pictures.counts, (std::vector<int64_t>{0, 1, 0}));
  EXPECT_EQ(pictures.digits.size(), 1);
  EXPECT_TRUE(pictures.errors[0].starts_with("damaged PNG file") ||
              pictures.errors[0].starts_with("not a readable PNG"))
      << pictures.errors[0];
  EXPECT_EQ(pictures.errors[1], "");
  EXPECT_TRUE(pictures.errors[2].starts_with("blank")) << pictures.errors[2];
  EXPECT_EQ(load_pictures(std::vector{cut}, 28, PictureKind::number).digits.size(), 0);
}

TEST(LoadPictures, ExpectDigitsOnlyWhereTheyAreReadAsSuch) {
  const TempFolder folder;
  const auto dot = folder.write("dot.png", encode_png(test::page_with_bar(200, 200, 95, 95, 105, 105)));
  EXPECT_EQ(load_pictures(std::vector{dot}, 28, PictureKind::number).errors[0], "a dot; expected a picture of a digit");
  EXPECT_EQ(load_pictures(std::vector{dot}, 28, PictureKind::character).errors[0], "a dot; expected a picture");
}

TEST(JoinNumbers, PutsASpaceBetweenThem) {
  const std::array<std::string, 4> names{"1", "2", "A", "4"};
  const std::array<TextPlace, 4> places{{{0, 0}, {0, 0}, {0, 1}, {1, 2}}};
  EXPECT_EQ(join_numbers(names, places), "12 A 4");
  EXPECT_EQ(join_numbers({}, {}), "");
}

TEST(ChooseParts, TakesHalvesThatAreSurerThanTheirPiece) {
  using enum Part;
  const std::vector<Part> parts{piece, piece, left_half, right_half, piece, left_half, right_half, piece};
  const auto choose = [&](float whole, float left, float right) {
    const std::vector<float> probability{0.4F, whole, left, right, 0.99F, 0.9F, 0.9F, 0.5F};
    return choose_parts(parts, probability);
  };
  EXPECT_EQ(choose(0.6F, 0.95F, 0.95F), (std::vector{true, false, true, true, true, false, false, true}));
  EXPECT_EQ(choose(0.6F, 0.95F, 0.8F), (std::vector{true, true, false, false, true, false, false, true}));
  EXPECT_TRUE(choose_parts({}, {}).empty());
}

TEST(KeepChosenParts, LeavesOutTheOthersOfEachPicture) {
  using enum Part;
  Pictures pictures;
  pictures.digits = make_dataset(std::vector<uint8_t>(5 * 4, 1), {}, 2, "pictures");
  pictures.places = {{0, 0}, {0, 1}, {0, 1}, {0, 1}, {0, 0}};
  pictures.parts = {piece, piece, left_half, right_half, piece};
  pictures.counts = {4, 0, 1};
  pictures.errors = {"", "blank", ""};
  torch::Tensor probabilities =
      torch::tensor({{0.9F, 0.1F}, {0.6F, 0.4F}, {0.05F, 0.95F}, {0.98F, 0.02F}, {1.0F, 0.0F}});
  EXPECT_EQ(keep_chosen_parts(pictures, probabilities), 1);
  EXPECT_EQ(pictures.counts, (std::vector<int64_t>{3, 0, 1}));
  EXPECT_EQ(pictures.places, (std::vector<TextPlace>{{0, 0}, {0, 1}, {0, 1}, {0, 0}}));
  EXPECT_EQ(pictures.digits.size(), 4);
  EXPECT_TRUE(probabilities.argmax(1).equal(torch::tensor({0, 1, 0, 0}, torch::kInt64)));
  const float both = probabilities[1][1].item<float>() * probabilities[2][0].item<float>();
  const float share = 0.95F * 0.98F / (0.95F * 0.98F + 0.6F);
  EXPECT_NEAR(both, 0.95F * 0.98F * share * share, 1e-5);
  EXPECT_EQ(probabilities[0][0].item<float>(), 0.9F);
}

}  // namespace
}  // namespace digitrec
