#include "data/idx.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "support.h"
#include "support_run.h"

namespace digitrec {
namespace {

using test::idx_images;
using test::idx_labels;
using test::TempFolder;

TEST(ReadIdx, ReadsImagesAndLabels) {
  const TempFolder folder;
  const Dataset data =
      read_idx(folder.write("i", idx_images(2, 2, 2, "abcdefgh")), folder.write("l", idx_labels(2, "\x01\x05")));
  EXPECT_TRUE(data.images.equal(torch::arange(97, 105, torch::kUInt8).view({2, 2, 2})));
  EXPECT_TRUE(data.labels.equal(torch::tensor({1, 5}, torch::kInt64)));
  EXPECT_EQ(data.num_classes(), 6);
}

TEST(ReadIdx, ReadsGzip) {
  const TempFolder folder;
  const Dataset data = read_idx_images(folder.write("i.gz", test::gzip(idx_images(2, 2, 2, "abcdefgh"))));
  EXPECT_EQ(data.images[1][1][1].item<int>(), 'h');
}

TEST(ReadIdx, RefusesToUnpackFarMoreThanTheFileCanHold) {
  const TempFolder folder;
  const auto bomb = folder.write("bomb.gz", test::gzip(test::idx_images(0xFFFFFFFE, 1, 1, std::string(1 << 24, '\0'))));
  EXPECT_ERROR(read_idx_images(bomb), Error,
               bomb.string() + ": the header promises 4294967294 bytes of data, more than 100 times the file's own " +
                   std::to_string(std::filesystem::file_size(bomb)) +
                   "; fetch it again, or unpack it first if it is right");
}

TEST(ReadIdx, StopsAfterTheImagesAskedFor) {
  const TempFolder folder;
  EXPECT_EQ(read_idx_images(folder.write("i", idx_images(3, 1, 1, "abc")), 2).size(), 2);
}

struct BadIdx {
  const char* name;
  std::string bytes;
  std::string message;

  friend void PrintTo(const BadIdx& c, std::ostream* out) { *out << c.name; }
};

class RefusedIdx : public testing::TestWithParam<BadIdx> {};

TEST_P(RefusedIdx, SaysWhatDisagrees) {
  const TempFolder folder;
  const auto path = folder.write("i", GetParam().bytes);
  EXPECT_ERROR(read_idx_images(path), Error, path.string() + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, RefusedIdx,
    testing::Values(
        BadIdx{"Labels", idx_labels(1, "a"), ": 1 numbers in a row, as labels are; expected images"},
        BadIdx{"WrongMagic", idx_images(1, 1, 1, "a", 0xa03),
               ": IDX magic is 0x00000a03; expected 0x00000803 (a file of images)"},
        BadIdx{"NotIdx", "label,pixel0\n", ": IDX magic is 0x6c616265; expected 0x00000803 (a file of images)"},
        BadIdx{"Short", std::string("\0\0\x08\x03\0\0", 6), ": too short for an IDX header; fetch the file again"},
        BadIdx{"Truncated", idx_images(3, 2, 2, "abcdefgh"),
               ": the header promises 12 bytes of data, the file holds 8; fetch it again"},
        BadIdx{"TooLong", idx_images(1, 2, 2, "abcde"),
               ": the file continues after the 4 bytes of data that the header promises; fetch it again"},
        BadIdx{"HugeCount", idx_images(0xFFFFFFFF, 28, 28, "abc"),
               ": the header promises 3367254359280 bytes of data, the file holds 3; fetch it again"},
        BadIdx{"HugeSides", idx_images(1, 0xFFFFFFFF, 0xFFFFFFFF, "abc"),
               ": images of 4294967295 x 4294967295 pixels; expected a side of 1 to 256"},
        BadIdx{"NotSquare", idx_images(1, 2, 3, "abcdef"), ": images of 2 x 3 pixels; expected square ones"},
        BadIdx{"NoImages", idx_images(0, 2, 2, ""), ": holds no images"}),
    [](const auto& instance) { return instance.param.name; });

TEST(ReadIdx, NamesWhatASiteAnsweredInsteadOfTheFile) {
  const test::TempFolder folder;
  const auto path = folder.write("train-labels-idx1-ubyte.gz", "<!DOCTYPE html><html></html>");
  const std::string message = test::message_of([&] { read_idx_labels(path, 0); });
  EXPECT_TRUE(message.starts_with(path.string() + ": an HTML page; expected IDX labels; ")) << message;
}

TEST(ReadIdx, WantsAsManyLabelsAsImages) {
  const TempFolder folder;
  const auto images = folder.write("i", idx_images(2, 1, 1, "ab"));
  const auto labels = folder.write("l", idx_labels(1, "\x01"));
  EXPECT_ERROR(read_idx(images, labels), Error,
               labels.string() + ": 1 labels for the 2 images of " + images.string() + "; expected as many");
}

TEST(LoadDataset, TakesTheIdxFileThatFitsThePurpose) {
  const TempFolder folder;
  folder.write("train-images-idx3-ubyte.gz", test::gzip(idx_images(2, 1, 1, "ab")));
  folder.write("train-labels-idx1-ubyte", idx_labels(2, std::string("\0\1", 2)));
  folder.write("t10k-images-idx3-ubyte", idx_images(1, 1, 1, "c"));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(1, "\x01"));
  EXPECT_EQ(load_dataset(folder.path(), Purpose::train).size(), 2);
  EXPECT_EQ(load_dataset(folder.path(), Purpose::evaluate).images.item<int>(), 'c');
  EXPECT_FALSE(load_dataset(folder.path(), Purpose::predict).has_labels());
  EXPECT_EQ(load_dataset(folder / "train-images-idx3-ubyte.gz", Purpose::evaluate).size(), 2);
}

TEST(LoadDataset, TakesKagglesFilesFromAFolder) {
  const TempFolder folder;
  folder.write("train.csv", test::tiny_csv(6));
  folder.write("test.csv", "pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n5,6,7,8\n");
  EXPECT_EQ(load_dataset(folder.path(), Purpose::train).size(), 6);
  EXPECT_EQ(load_dataset(folder.path(), Purpose::predict).size(), 2);
  EXPECT_ERROR(load_dataset(folder.path(), Purpose::evaluate), Error,
               (folder / "test.csv").string() +
                   ": has no labels (Kaggle withholds them), nor a test_labels.csv beside it; use digitrec eval RUN "
                   "--held-out, or name a labelled file");
  folder.write("test_labels.csv", "ImageId,Label\n1,0\n2,1\n");
  EXPECT_TRUE(load_dataset(folder.path(), Purpose::evaluate).labels.equal(torch::tensor({0, 1}, torch::kInt64)));
  EXPECT_EQ(load_dataset(folder.path(), Purpose::evaluate, {.max_rows = 1}).size(), 1);
}

TEST(LoadDataset, RefusesAFolderWithBothKindsOrNone) {
  const TempFolder folder;
  EXPECT_ERROR(
      load_dataset(folder.path(), Purpose::train), Error,
      folder.path().string() +
          ": no train.csv, train-images-idx3-ubyte, mnist.npz, x_train.npy or folders of pictures; get some with "
          "scripts/setup/get_data.sh or digitrec data synth --out " +
          folder.path().string());
  folder.write("train.csv", test::tiny_csv(6));
  folder.write("train-images-idx3-ubyte", idx_images(1, 1, 1, "a"));
  EXPECT_ERROR(load_dataset(folder.path(), Purpose::train), Error,
               folder.path().string() + ": holds both train.csv and train-images-idx3-ubyte; name the one to use");
}

}  // namespace
}  // namespace digitrec
