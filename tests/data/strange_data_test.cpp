// Archives, IDX and folders of pictures as people bring them: each is read as the plain files are.
#include "data/idx.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"
#include "image/image_file.h"
#include "kaggle/submission.h"
#include "strange_table.h"
#include "support_run.h"

#include <spdlog/fmt/fmt.h>

#include <fstream>

namespace digitrec {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using test::write_zip;

TEST(StrangeData, ZipsAreFolders) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const std::string train = text_of(plain, {});
  const std::string test = text_of(plain, {.label = [](int64_t) { return "1"; }});
  write_zip(folder / "digit-recognizer.zip", {{"sample_submission.csv", "ImageId,Label\n1,0\n"},
                                              {"test.csv", test},
                                              {"train.csv", train},
                                              {"__MACOSX/._train.csv", "junk"}});
  write_zip(folder / "train.csv.zip", {{"train.csv", train}});
  write_zip(folder / "named.csv", {{"whatever.csv", train}});
  write_zip(folder / "nested.zip", {{"competition/train.csv.gz", test::gzip(train)}, {"competition/notes.txt", "x"}});
  for (const char* name : {"digit-recognizer.zip", "train.csv.zip", "named.csv", "nested.zip"}) {
    const Dataset data = load_dataset(folder / name, Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images)) << name;
    EXPECT_TRUE(data.labels.equal(plain.labels)) << name;
  }
  EXPECT_EQ(load_dataset(folder / "digit-recognizer.zip/test.csv", Purpose::predict).size(), kRows);
  EXPECT_EQ(find_sample_submission(folder / "digit-recognizer.zip"),
            folder / "digit-recognizer.zip/sample_submission.csv");
  EXPECT_EQ(find_sample_submission(folder / "nested.zip"), std::nullopt);
  write_zip(folder / "unlabelled.zip", {{"test.csv", "pixel0,pixel1,pixel2,pixel3\n1,2,3,4\n"}});
  EXPECT_ERROR(load_dataset(folder / "unlabelled.zip", Purpose::evaluate), Error,
               (folder / "unlabelled.zip/test.csv").string() +
                   ": has no labels (Kaggle withholds them), nor a test_labels.csv beside it; use digitrec eval RUN "
                   "--held-out, or name a labelled file");
  EXPECT_EQ(load_dataset(folder / "digit-recognizer.zip", Purpose::predict).source,
            (folder / "digit-recognizer.zip/test.csv").string());
  write_zip(folder / "deep.zip", {{"a/b/c/d/e/digits.csv", train}});
  EXPECT_TRUE(load_dataset(folder / "deep.zip", Purpose::train).images.equal(plain.images)) << "its only file";
  write_zip(folder / "windows.zip", {{"set\\train.csv", train}, {"set\\notes.txt", "x"}, {"/set/more.txt", "x"}});
  EXPECT_TRUE(load_dataset(folder / "windows.zip", Purpose::train).images.equal(plain.images)) << "other slashes";
  const TempFolder downloads;  // Kaggle's archive, still packed
  fs::copy_file(folder / "digit-recognizer.zip", downloads / "digit-recognizer.zip");
  EXPECT_EQ(load_dataset(downloads.path(), Purpose::train).size(), kRows);
  const fs::path packed = downloads / "digit-recognizer.zip";
  EXPECT_EQ(find_data_files(downloads.path()), (std::vector<fs::path>{packed / "train.csv", packed / "test.csv"}));
  write_zip(folder / "model.zip", {{"model/data.pkl", "x"}});
  EXPECT_ERROR(load_dataset(folder / "model.zip", Purpose::train), Error,
               (folder / "model.zip").string() +
                   ": a file of PyTorch (torch.save); expected train.csv, "
                   "train-images-idx3-ubyte, mnist.npz, x_train.npy or folders of pictures in it");
}

TEST(StrangeData, AWorkbookIsNoArchiveOfData) {
  const TempFolder folder;
  write_zip(folder / "a.xlsx", {{"[Content_Types].xml", "<Types/>"}, {"xl/workbook.xml", "<workbook/>"}});
  const std::string said = test::run_digitrec("data info a.xlsx", folder.path()).err;
  EXPECT_EQ(said,
            "digitrec: a.xlsx: an Excel workbook (.xlsx), no data in it; expected files of CSV, IDX, npz or npy, or "
            "folders of pictures; save the table as CSV\n");
}

std::string idx(const std::string& magic, const std::vector<uint32_t>& shape, const std::string& numbers) {
  std::string bytes = magic;
  for (const uint32_t size : shape) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift);
  }
  return bytes + numbers;
}

TEST(StrangeData, IdxHasManyNames) {
  const std::string images = test::idx_images(2, 2, 2, "abcdefgh");
  const std::string labels = test::idx_labels(2, std::string("\1\0", 2));
  for (const auto& [image_name, label_name] : std::vector<std::pair<std::string, std::string>>{
           {"train-images.idx3-ubyte", "train-labels.idx1-ubyte"},
           {"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"},
           {"train-images.idx3", "train-labels.idx1"},
           {"qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int"},
           {"gzip/emnist-digits-train-images-idx3-ubyte", "gzip/emnist-digits-train-labels-idx1-ubyte"},
           {"MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte"},
           {"archive/train-images.idx3-ubyte/train-images-idx3-ubyte",
            "archive/train-labels.idx1-ubyte/train-labels-idx1-ubyte"}}) {
    const TempFolder folder;
    for (const std::string& name : {image_name, label_name}) fs::create_directories((folder / name).parent_path());
    folder.write(image_name, images);
    folder.write(label_name, labels);
    const Dataset data = load_dataset(folder.path(), Purpose::train);
    EXPECT_EQ(data.images.flatten()[0].item<int>(), 'a') << image_name;
    EXPECT_TRUE(data.labels.equal(torch::tensor({1, 0}, torch::kInt64))) << image_name;
  }
}

TEST(StrangeData, IdxHoldsManyTypes) {
  const TempFolder folder;
  using namespace std::string_literals;
  const std::string ints = "\0\0\0\7\0\0\0\1\0\0\0\3\0\0\0\2"s;  // QMNIST: two rows, the class first
  EXPECT_EQ(read_idx_labels(folder.write("l", idx("\0\0\x0c\2"s, {2, 2}, ints))), (std::vector<int64_t>{7, 3}));
  const auto flat = read_idx_images(folder.write("f", idx("\0\0\x08\2"s, {2, 4}, "abcdefgh")));
  EXPECT_EQ(flat.image_size(), 2);
  const auto floats = read_idx_images(
      folder.write("r", idx("\0\0\x0d\3"s, {1, 2, 2}, "\0\0\0\0\x3f\x80\0\0\x3f\0\0\0\0\0\0\0"s)));  // 0, 1, 0.5, 0
  EXPECT_TRUE(floats.images.flatten().equal(torch::tensor({0, 255, 128, 0}, torch::kUInt8)));
  EXPECT_EQ(floats.reading, "pixels 0 to 1");
}

TEST(StrangeData, EmnistIsTurnedAndNamed) {
  const TempFolder folder;
  std::string labels;
  for (int i = 0; i < 40; ++i) labels += static_cast<char>(1 + i % 2);
  std::string pixels;
  for (int i = 0; i < 40; ++i) pixels += "abcd";
  folder.write("emnist-letters-train-images-idx3-ubyte", test::idx_images(40, 2, 2, pixels));
  folder.write("emnist-letters-train-labels-idx1-ubyte", test::idx_labels(40, labels));
  const Dataset lying = load_dataset(folder.path(), Purpose::train);
  EXPECT_EQ(lying.reading, "EMNIST's images lie on their side: --transpose turns them; 2 classes, labelled 1 to 2");
  folder.write("emnist-letters-mapping.txt", "1 65 97\n2 66 98\n");
  const Dataset data = load_dataset(folder.path(), Purpose::train, {.transpose = true});
  EXPECT_EQ(data.classes.names, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(data.classes.label(1), "2");
  EXPECT_TRUE(data.images[0].flatten().equal(torch::tensor({'a', 'c', 'b', 'd'}, torch::kUInt8)));
}

/// Pictures of two bars, one a class.
void write_pictures(const fs::path& folder, int count) {
  for (int i = 0; i < count; ++i) {
    fs::create_directories(folder / "bar");
    fs::create_directories(folder / "dash");
    const auto write = [](const fs::path& file, const GrayImage& image) {
      std::ofstream(file, std::ios::binary) << encode_png(image);
    };
    write(folder / "bar" / (std::to_string(i) + ".png"), test::page_with_bar(60, 80, 25 + i, 10, 32 + i, 70));
    write(folder / "dash" / (std::to_string(i) + ".png"), test::page_with_bar(80, 60, 10, 25 + i, 70, 32 + i));
  }
}

TEST(StrangeData, FoldersOfPicturesAreClasses) {
  read_picture_folders();
  const TempFolder folder;
  write_pictures(folder / "train", 3);
  write_pictures(folder / "val", 2);
  folder.write("train/bar/blank.png", encode_png(test::page_with_bar(60, 80, 0, 0, 0, 0)));
  const Dataset data = load_dataset(folder.path(), Purpose::train);
  EXPECT_EQ(data.size(), 6);
  EXPECT_EQ(data.image_size(), 28);
  EXPECT_EQ(data.classes.names, (std::vector<std::string>{"bar", "dash"}));
  EXPECT_TRUE(data.labels.equal(torch::tensor({0, 1, 0, 1, 0, 1}, torch::kInt64)));
  EXPECT_NE(data.reading.find("1 of 7 left out, such as"), std::string::npos) << data.reading;
  EXPECT_EQ(load_dataset(folder.path(), Purpose::evaluate).size(), 4);
  const Dataset whole = load_dataset(folder / "val", Purpose::evaluate, {.framing = Framing::none});
  EXPECT_EQ(whole.images[0][0][0].item<int>(), 255) << "the page is white, as in the picture";
}

TEST(StrangeData, FoldersToTrainAndTestOnHaveManyNames) {
  read_picture_folders();
  for (const auto& [train, test] : std::map<std::string, std::string>{{"trainingSet/trainingSet", "testSet/testSet"},
                                                                      {"asl_alphabet_train", "asl_alphabet_test"},
                                                                      {"seg_train/seg_train", "seg_test/seg_test"},
                                                                      {"set/MNIST - JPG - training", "set/a - testing"},
                                                                      {"R/Reduced Trainging data", "R/Reduced Testing"},
                                                                      {"dataset/training_set", "dataset/test_set"},
                                                                      {"train_images", "test_images"},
                                                                      {"traindata", "testdata"},
                                                                      {"Training Data", "Testing Data"},
                                                                      {"train/images", "test/images"},
                                                                      {"train", "dev"},
                                                                      {"train_val", "dev_test"},
                                                                      {"learn", "tst"},
                                                                      {"train", "old_valid"}}) {
    const TempFolder folder;
    write_pictures(folder / train, 3);
    write_pictures(folder / test, 2);
    EXPECT_EQ(load_dataset(folder.path(), Purpose::train).source, (folder / train).string());
    EXPECT_EQ(load_dataset(folder.path(), Purpose::evaluate).source, (folder / test).string());
    std::vector<std::pair<std::string, std::string>> entries;
    for (const auto& entry : folder.contents()) entries.emplace_back(entry);
    write_zip(folder / "all.zip", entries);
    EXPECT_EQ(load_dataset(folder / "all.zip", Purpose::train).source, (folder / "all.zip" / train).string());
  }
}

TEST(StrangeData, FoldersOfSeveralDataSetsAreNoClasses) {
  read_picture_folders();
  const TempFolder folder;
  for (const char* name :
       {"flat/train", "flat/test", "flat_test/train/0", "flat_test/train/1", "flat_test/test/test"}) {
    fs::create_directories(folder / name);
    folder.write(std::string(name) + "/1.png", encode_png(test::page_with_bar(60, 80, 25, 10, 32, 70)));
  }
  EXPECT_THROW(load_dataset(folder / "flat", Purpose::train), Error) << "train against test";
  EXPECT_EQ(load_dataset(folder / "flat_test", Purpose::train).num_classes(), 2);
  EXPECT_THROW(load_dataset(folder / "flat_test", Purpose::evaluate), Error);
  write_pictures(folder / "writers/writer1", 1);
  write_pictures(folder / "writers/writer2", 1);
  EXPECT_ERROR(
      load_dataset(folder / "writers", Purpose::train), Error,
      (folder / "writers").string() +
          ": writer1 and writer2 hold the same folders, such as bar and dash; expected a folder for each class; "
          "name the one to use, or put the pictures of a class into one folder");
  write_pictures(folder / "two/digits_train", 1);
  write_pictures(folder / "two/letters_train", 1);
  EXPECT_ERROR(load_dataset(folder / "two", Purpose::train), Error,
               (folder / "two").string() + ": holds both digits_train and letters_train; name the one to use");
  write_pictures(folder / "short/tr", 1);
  write_pictures(folder / "short/te", 2);
  EXPECT_EQ(load_dataset(folder / "short", Purpose::train).source, (folder / "short/tr").string());
}

/// Writes a picture into each of the folders in each of the others.
void write_grid(const fs::path& folder, const std::vector<std::string>& outer, const std::vector<std::string>& inner) {
  const std::string bar = encode_png(test::page_with_bar(60, 80, 25, 10, 32, 70));
  for (const std::string& one : outer) {
    for (const std::string& other : inner) {
      fs::create_directories(folder / one / other);
      std::ofstream(folder / one / other / "1.png") << bar;
    }
  }
}

std::vector<std::string> numbered(int count, const std::string& format = "{}") {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(fmt::format(fmt::runtime(format), i));
  return names;
}

TEST(StrangeData, WhatLiesInFoldersTellsClassesFromWriters) {
  read_picture_folders();
  const std::vector<std::string> words{"zero", "one", "two"};
  for (const auto& outer : {std::vector<std::string>{"w0", "w1"},
                            {"f1", "f2", "f3"},
                            {"0", "1", "2"},
                            {"A", "B"},
                            {"en", "fr"},
                            numbered(20, "{:03}"),
                            numbered(10),
                            numbered(12)}) {
    for (const auto& inner : {numbered(10), words, std::vector<std::string>{"a", "b", "c"}}) {
      const bool is_finer = outer.size() == 10 && inner.size() == 3 && inner.front() == "a";
      const bool is_named = outer.size() == 10 && inner == words;
      if (is_finer || is_named) continue;  // digits, each of which has a few folders
      const TempFolder folder;
      write_grid(folder.path(), outer, inner);
      const std::string message = test::message_of([&] { load_dataset(folder.path(), Purpose::train); });
      EXPECT_NE(message.find("hold the same folders"), std::string::npos)
          << outer.front() << "/" << inner.front() << ": " << message;
    }
  }
  // Writers of whom each has other digits.
  const TempFolder few;
  write_grid(few.path(), {"w0"}, {"0", "1"});
  write_grid(few.path(), {"w1"}, {"1", "2"});
  write_grid(few.path(), {"w2"}, {"0", "2"});
  EXPECT_THROW(load_dataset(few.path(), Purpose::train), Error);
  // A folder for each character, with those of its writers in it; as NIST's by_class has them.
  std::vector<std::string> codes = numbered(10, "3{}");
  codes.emplace_back("4a");
  for (const auto& [outer, inner] : std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
           {codes, {"hsf_0", "hsf_1", "train_30"}},
           {numbered(10), {"w1", "w2"}},
           {numbered(10), {"1", "2", "3"}},
           {{"cats", "dogs"}, {"indoor"}}}) {
    const TempFolder folder;
    write_grid(folder.path(), outer, inner);
    EXPECT_EQ(load_dataset(folder.path(), Purpose::train).num_classes(), static_cast<int64_t>(outer.size()))
        << outer.front() << "/" << inner.front();
  }
}

TEST(StrangeData, PicturesMayLieDeeperThanTheirClassFolder) {
  read_picture_folders();
  const TempFolder folder;
  write_pictures(folder / "sets/digits/train", 3);
  fs::create_directories(folder / "sets/digits/train/bar/more");
  fs::create_directories(folder / "sets/digits/train/cross/deep");
  const std::string bar = encode_png(test::page_with_bar(60, 80, 25, 10, 32, 70));
  for (const char* name : {"bar/more/1.png", "cross/deep/1.png", "beside.png"})
    folder.write("sets/digits/train/" + std::string(name), bar);
  fs::create_directory_symlink(folder / "sets/digits/train/bar", folder / "sets/digits/train/bar/loop");
  const Dataset data = load_dataset(folder.path(), Purpose::train);
  EXPECT_EQ(data.size(), 8) << data.reading;
  EXPECT_EQ(data.classes.names, (std::vector<std::string>{"bar", "cross", "dash"}));
  EXPECT_NE(data.reading.find("1 beside the folders left out, such as beside.png"), std::string::npos) << data.reading;
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [name, bytes] : folder.contents()) {
    if (name.find("loop") == std::string::npos) entries.emplace_back(name, bytes);
  }
  const TempFolder packed;
  write_zip(packed / "all.zip", entries);
  EXPECT_EQ(load_dataset(packed / "all.zip", Purpose::train).size(), 8);
}

TEST(StrangeData, ZipsOfPictureFoldersAreRead) {
  read_picture_folders();
  const TempFolder folder;
  write_pictures(folder / "letters/train", 3);
  write_pictures(folder / "letters/test", 2);
  std::vector<std::pair<std::string, std::string>> flat;
  std::vector<std::pair<std::string, std::string>> wrapped{{"letters/train/bar/cut.png", "\x89PNG\r\n"}};
  for (const auto& [name, bytes] : folder.contents()) {
    wrapped.emplace_back(name, bytes);
    const std::string train = "letters/train/";
    if (name.starts_with(train)) flat.emplace_back(name.substr(train.size()), bytes);
  }
  write_zip(folder / "flat.zip", flat);
  write_zip(folder / "wrapped.zip", wrapped);
  const DataOptions whole{.framing = Framing::none};
  for (const DataOptions& options : {DataOptions{}, whole}) {
    const Dataset plain = load_dataset(folder / "letters", Purpose::train, options);
    const Dataset data = load_dataset(folder / "flat.zip", Purpose::train, options);
    EXPECT_TRUE(data.images.equal(plain.images));
    EXPECT_TRUE(data.labels.equal(plain.labels));
    EXPECT_EQ(data.classes, plain.classes);
  }
  const Dataset data = load_dataset(folder / "wrapped.zip", Purpose::train);
  EXPECT_EQ(data.source, (folder / "wrapped.zip/letters/train").string());
  EXPECT_EQ(data.size(), 6);
  EXPECT_NE(data.reading.find("1 of 7 left out, such as"), std::string::npos) << data.reading;
  EXPECT_EQ(load_dataset(folder / "wrapped.zip", Purpose::evaluate).size(), 4);
  EXPECT_EQ(find_data_files(folder / "wrapped.zip"),
            (std::vector<fs::path>{folder / "wrapped.zip/letters/train", folder / "wrapped.zip/letters/test"}));
  const std::string bar = encode_png(test::page_with_bar(60, 80, 25, 10, 32, 70));
  write_zip(folder / "unnamed.zip", {{"a/scan1", bar}, {"b/scan2", bar}, {"b/notes", "x"}});
  EXPECT_EQ(load_dataset(folder / "unnamed.zip", Purpose::train).size(), 2);
  const TempFolder downloads;
  fs::copy_file(folder / "flat.zip", downloads / "flat.zip");
  EXPECT_EQ(load_dataset(downloads.path(), Purpose::train).size(), 6);
}

}  // namespace
}  // namespace digitrec
