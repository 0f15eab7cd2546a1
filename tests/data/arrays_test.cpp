#include "data/arrays.h"

#include "data/npy.h"
#include "digitrec/core/error.h"
#include "support.h"

#include <zip.h>

#include <array>

namespace digitrec {
namespace {

using test::TempFolder;

/// The bytes of a .npy of version 1, as NumPy writes them.
std::string npy(const std::string& type, const std::string& shape, const std::string& bytes,
                const std::string& is_fortran_order = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + is_fortran_order + ", 'shape': (" + shape + "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  return file + header + bytes;
}

std::filesystem::path write_npz(const TempFolder& folder,
                                const std::vector<std::pair<std::string, std::string>>& arrays) {
  const auto path = folder / "mnist.npz";
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, bytes] : arrays) {
    zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    zip_file_add(zip, (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
  }
  zip_close(zip);
  return path;
}

const std::string kPixels("\0\1\2\3\4\5\6\7", 8);  // two images of 2 x 2
const std::string kLongs(std::string("\7\0\0\0\0\0\0\0", 8) + std::string("\3\0\0\0\0\0\0\0", 8));

TEST(Npz, ReadsWhatKerasShips) {
  const TempFolder folder;
  const auto file = write_npz(folder, {{"x_train", npy("|u1", "2, 2, 2", kPixels)},
                                       {"y_train", npy("|u1", "2,", "\4\1")},
                                       {"x_test", npy("|u1", "1, 2, 2", "\10\11\12\13")},
                                       {"y_test", npy("<i8", "1,", std::string("\2\0\0\0\0\0\0\0", 8))}});
  const Dataset train = load_dataset(folder.path(), Purpose::train);
  EXPECT_TRUE(train.images.equal(torch::arange(8, torch::kUInt8).view({2, 2, 2})));
  EXPECT_TRUE(train.labels.equal(torch::tensor({4, 1}, torch::kInt64)));
  EXPECT_EQ(train.source, file.string());
  const Dataset test = load_dataset(file, Purpose::evaluate);
  EXPECT_EQ(test.images[0][1][1].item<int>(), 11);
  EXPECT_EQ(test.labels[0].item<int64_t>(), 2);
  EXPECT_FALSE(load_dataset(file, Purpose::predict).has_labels());
  EXPECT_EQ(load_dataset(file, Purpose::train, {.max_rows = 1}).size(), 1);
  EXPECT_TRUE(train.reading.starts_with("x_train")) << train.reading;
  EXPECT_TRUE(test.reading.starts_with("x_test")) << test.reading;
}

TEST(Npz, OfTwoPartsIsKnown) {
  const TempFolder folder;
  const auto pixels = npy("|u1", "2, 2, 2", kPixels);
  const auto labels = npy("|u1", "2,", "\4\1");
  using Arrays = std::vector<std::pair<std::string, std::string>>;
  const auto purpose = [&](const Arrays& arrays) { return purpose_of_test_part(write_npz(folder, arrays)); };
  EXPECT_EQ(purpose({{"x_train", pixels}, {"x_test", pixels}, {"y_test", labels}}), Purpose::evaluate);
  EXPECT_EQ(purpose({{"train_images", pixels}, {"test_images", pixels}}), Purpose::predict);
  EXPECT_EQ(purpose({{"x_test", pixels}, {"y_test", labels}}), std::nullopt);
  EXPECT_EQ(purpose({{"x", pixels}, {"y", labels}}), std::nullopt);
}

TEST(Npz, OfTwoPartsIsShownWhole) {
  const TempFolder folder;
  write_npz(folder, {{"x_train", npy("|u1", "2, 2, 2", std::string("\0\0\x9\x9\0\x99\0\x99", 8))},
                     {"y_train", npy("|u1", "2,", std::string("\0\1", 2))},
                     {"x_test", npy("|u1", "1, 2, 2", std::string("\0\x99\0\x99", 4))},
                     {"y_test", npy("|u1", "1,", "\1")}});
  const std::string info = test::run_digitrec("data info mnist.npz", folder.path()).out;
  EXPECT_TRUE(info.starts_with("mnist.npz\n  read as     x_train\n  rows        2\n")) << info;
  EXPECT_NE(info.find("\nmnist.npz (to test on)\n  read as     x_test\n  rows        1\n"), std::string::npos) << info;
  EXPECT_TRUE(
      info.ends_with("\n1 of the images in mnist.npz (to test on) occur in mnist.npz, or nearly the same ones\n"))
      << info;
}

TEST(Npz, ReadsAChannelAndWideLabels) {
  const TempFolder folder;
  const auto file =
      write_npz(folder, {{"x_train", npy("|u1", "2, 2, 2, 1", kPixels)}, {"y_train", npy("<i8", "2, 1", kLongs)}});
  EXPECT_TRUE(load_dataset(file, Purpose::train).labels.equal(torch::tensor({7, 3}, torch::kInt64)));
}

TEST(Npz, ReadsEitherOrderOfBytesAndOfIndices) {
  const TempFolder folder;
  std::string big;
  for (char value = 0; value < 8; ++value) big += std::string(1, '\0') + value;
  const std::string columns("\0\4\2\6\1\5\3\7", 8);  // the first index varies fastest
  const std::string labels = npy(">i4", "2,", std::string("\0\0\0\7\0\0\0\3", 8));
  for (const std::string& images : {npy(">u2", "2, 2, 2", big), npy("|u1", "2, 2, 2", columns, "True")}) {
    const Dataset data = load_dataset(write_npz(folder, {{"x_train", images}, {"y_train", labels}}), Purpose::train);
    EXPECT_TRUE(data.images.equal(torch::arange(8, torch::kUInt8).view({2, 2, 2})));
    EXPECT_TRUE(data.labels.equal(torch::tensor({7, 3}, torch::kInt64)));
  }
  const auto file = write_npz(folder, {{"x_train", npy("|u1", "2, 2, 2", columns, "True")}, {"y_train", labels}});
  const Dataset one = load_dataset(file, Purpose::train, {.max_rows = 1});
  EXPECT_TRUE(one.images.flatten().equal(torch::arange(4, torch::kUInt8)));
}

TEST(Npz, ReadsHalvesAndBooleans) {
  const TempFolder folder;
  const auto pixels_of = [&](const std::string& images) {
    const auto file = write_npz(folder, {{"x_train", images}, {"y_train", npy("|u1", "1,", "\4")}});
    const Dataset data = load_dataset(file, Purpose::train);
    EXPECT_EQ(data.reading, "pixels 0 to 1");
    return data.images.flatten();
  };
  const std::string halves("\0\x3c\0\x38\0\0\x66\x32", 8);  // 1, 0.5, 0, 0.2
  EXPECT_TRUE(pixels_of(npy("<f2", "1, 2, 2", halves)).equal(torch::tensor({255, 128, 0, 51}, torch::kUInt8)));
  EXPECT_TRUE(pixels_of(npy("|b1", "1, 2, 2", std::string("\1\0\0\1", 4)))
                  .equal(torch::tensor({255, 0, 0, 255}, torch::kUInt8)));
}

TEST(Npz, PixelsOf16BitsAreRefusedWithWhatToDo) {
  const TempFolder folder;
  const auto refused = [&](const std::string& white, const std::string& what) {
    const auto images = npy("<u2", "1, 2, 2", std::string(6, '\0') + white);
    const auto file = write_npz(folder, {{"x_train", images}, {"y_train", npy("|u1", "1,", "\4")}});
    EXPECT_ERROR(load_dataset(file, Purpose::train), Error, file.string() + ": x_train.npy: " + what);
  };
  refused("\xff\xff",
          "pixels from 0 to 65535; expected 0 to 255, or 0 to 1; 16 bits? write (x // 257).astype(numpy.uint8)");
  refused("\xff\x0f",
          "pixels from 0 to 4095; expected 0 to 255, or 0 to 1; scale them so that white is 255, as (x * 255.0 / "
          "x.max()).astype(numpy.uint8) does");
}

TEST(Npz, LabelsOfATestSetAreWithheld) {
  const TempFolder folder;
  for (const std::string& labels :
       {npy("|i1", "2,", "\xff\xff"), npy("<f2", "2,", std::string("\0\x7e\0\x7e", 4)) /* NaN */}) {
    const auto file = write_npz(folder, {{"x", npy("|u1", "2, 2, 2", kPixels)}, {"y", labels}});
    const Dataset data = load_dataset(file, Purpose::inspect);
    EXPECT_FALSE(data.has_labels());
    EXPECT_EQ(data.reading, "labels withheld");
    EXPECT_ERROR(load_dataset(file, Purpose::train), Error,
                 file.string() + ": y.npy: no labels, each is -1 or NaN, withheld as in a test set; expected labels");
  }
}

TEST(Npz, ReadsOneHotLabels) {
  const TempFolder folder;
  const auto labelled = [&](const std::string& numbers) {
    const auto images = npy("|u1", "2, 2, 2", kPixels);
    const auto file = write_npz(folder, {{"x_train", images}, {"y_train", npy("|u1", "2, 3", numbers)}});
    return load_dataset(file, Purpose::train);
  };
  const Dataset data = labelled(std::string("\0\0\1\1\0\0", 6));
  EXPECT_TRUE(data.labels.equal(torch::tensor({2, 0}, torch::kInt64)));
  EXPECT_EQ(data.reading, "labels one-hot");
  for (const std::string& numbers :
       {std::string("\0\0\1\0\0\0", 6), std::string("\0\0\1\1\0\1", 6), std::string("\0\0\1\2\0\0", 6)}) {
    EXPECT_ERROR(labelled(numbers), Error,
                 (folder / "mnist.npz").string() +
                     ": y_train.npy: row 2 is no one-hot label; expected one 1, and 0 in its other 2 numbers; write "
                     "each label as a whole number");
  }
}

TEST(Npz, ShapesTellImagesFromLabels) {
  const TempFolder folder;
  const auto images = npy("|u1", "2, 2, 2", kPixels);
  const auto labels = npy("|u1", "2,", "\4\1");
  for (const auto& [x, y] : std::vector<std::pair<std::string, std::string>>{{"foo", "bar"},
                                                                             {"arr_1", "arr_0"},
                                                                             {"bar", "foo"},
                                                                             {"data", "label"},
                                                                             {"features", "target"},
                                                                             {"train_data", "train_labels"},
                                                                             {"training_images", "training_labels"}}) {
    const Dataset data = load_dataset(write_npz(folder, {{x, images}, {y, labels}}), Purpose::train);
    EXPECT_EQ(data.images[1][1][1].item<int>(), 7) << x;
    EXPECT_TRUE(data.labels.equal(torch::tensor({4, 1}, torch::kInt64))) << x;
  }
  const Dataset data = load_dataset(write_npz(folder, {{"x", images}, {"ids", labels}}), Purpose::predict);
  EXPECT_EQ(data.labels.numel(), 0) << "ids";
}

TEST(Npz, FourArraysWithoutNamesAreToldByTheirShapes) {
  const TempFolder folder;
  const auto x = npy("|u1", "2, 2, 2", kPixels);
  const auto y = npy("|u1", "2,", "\4\1");
  const auto x_test = npy("|u1", "1, 2, 2", "abcd");
  const auto y_test = npy("|u1", "1,", "\3");
  for (const auto& [a, b, c, d] : {std::array{x, y, x_test, y_test}, std::array{x, x_test, y, y_test}}) {
    const auto file = write_npz(folder, {{"arr_0", a}, {"arr_1", b}, {"arr_2", c}, {"arr_3", d}});
    EXPECT_TRUE(load_dataset(file, Purpose::train).labels.equal(torch::tensor({4, 1}, torch::kInt64)));
    const Dataset test = load_dataset(file, Purpose::evaluate);
    EXPECT_EQ(test.images.flatten()[3].item<int>(), 'd');
    EXPECT_EQ(test.labels.item<int64_t>(), 3);
    EXPECT_EQ(purpose_of_test_part(file), Purpose::evaluate);
  }
  const auto file = write_npz(folder, {{"arr_0", x}, {"arr_1", y_test}, {"arr_2", y}, {"arr_3", x_test}});
  EXPECT_ERROR(load_dataset(file, Purpose::train), Error,
               file.string() +
                   ": holds arr_0 (2 x 2 x 2), arr_1 (1), arr_2 (2), arr_3 (1 x 2 x 2); expected x_train with labels "
                   "y_train, as Keras names them");
}

TEST(Npy, LabelsAreNamedInTheImagesCase) {
  const TempFolder folder;
  folder.write("X.npy", npy("|u1", "2, 2, 2", kPixels));
  folder.write("Y.npy", npy("|u1", "2,", "\4\1"));
  EXPECT_TRUE(load_dataset(folder.path(), Purpose::train).labels.equal(torch::tensor({4, 1}, torch::kInt64)));
}

TEST(Npz, TargetsBelongToImages) {  // numpy.savez(FILE, **load_digits())
  const TempFolder folder;
  const auto file = write_npz(folder, {{"data", npy("|u1", "2, 4", kPixels)},
                                       {"target", npy("|u1", "2,", "\4\1")},
                                       {"images", npy("|u1", "2, 2, 2", kPixels)}});
  for (const Purpose purpose : {Purpose::train, Purpose::inspect})
    EXPECT_TRUE(load_dataset(file, purpose).labels.equal(torch::tensor({4, 1}, torch::kInt64)));
}

TEST(Npz, PairsOfArchivesAreReadByFolder) {
  for (const auto& [x, y] : std::vector<std::pair<std::string, std::string>>{
           {"kmnist-train-imgs", "kmnist-train-labels"}, {"X_kannada_MNIST_train", "y_kannada_MNIST_train"}}) {
    const TempFolder folder;
    std::filesystem::rename(write_npz(folder, {{"arr_0", npy("|u1", "2, 2, 2", kPixels)}}), folder / (x + ".npz"));
    std::filesystem::rename(write_npz(folder, {{"arr_0", npy("|u1", "2,", "\4\1")}}), folder / (y + ".npz"));
    const Dataset data = load_dataset(folder.path(), Purpose::train);
    EXPECT_TRUE(data.labels.equal(torch::tensor({4, 1}, torch::kInt64))) << x;
  }
}

TEST(Npy, PairsHaveManyNames) {
  for (const auto& [x, y] : std::vector<std::pair<std::string, std::string>>{{"features", "labels"},
                                                                             {"data", "targets"},
                                                                             {"train_data", "train_label"},
                                                                             {"X_kannada_train", "y_kannada_train"},
                                                                             {"trainX", "trainY"}}) {
    const TempFolder folder;
    folder.write(x + ".npy", npy("|u1", "2, 2, 2", kPixels));
    folder.write(y + ".npy", npy("|u1", "2,", "\4\1"));
    const Dataset data = load_dataset(folder.path(), Purpose::train);
    EXPECT_TRUE(data.labels.equal(torch::tensor({4, 1}, torch::kInt64))) << x;
  }
}

TEST(Npz, SaysWhatIsWrong) {
  const TempFolder folder;
  const auto refused = [&](const std::vector<std::pair<std::string, std::string>>& arrays, const std::string& what) {
    const auto file = write_npz(folder, arrays);
    EXPECT_ERROR(load_dataset(file, Purpose::train), Error, file.string() + ": " + what);
  };
  const std::string labels = npy("|u1", "2,", "\4\1");
  refused({{"odd", npy("|u1", "2, 2, 2", kPixels)}, {"other", npy("|u1", "2, 2, 2", kPixels)}},
          "holds odd (2 x 2 x 2), other (2 x 2 x 2); expected x_train with labels y_train, as Keras names them");
  refused({{"x_train", npy("|u1", "2, 2, 2", kPixels)}}, "has no array y_train with the labels of x_train");
  refused({{"x_train", npy("|i1", "2, 2, 2", std::string(7, '\1') + '\xff')}, {"y_train", labels}},
          "x_train.npy: pixels from -1 to 1; expected 0 to 255, or 0 to 1; write them before they are normalised");
  refused({{"x_train", npy("|u1", "2, 1, 4", kPixels)}, {"y_train", labels}},
          "x_train.npy: images of 1 x 4 pixels; expected square ones");
  refused({{"x_train", npy("|u1", "9, 2, 2", kPixels)}, {"y_train", labels}},
          "x_train.npy: ends after 8 of 36 bytes, or is damaged; fetch it again");
  refused({{"x_train", npy("|u1", "2, 2, 2", kPixels)}, {"y_train", npy("|u1", "3,", "abc")}},
          "y_train.npy: 3 labels; expected 2, one for each image");
  refused({{"x_train", npy("|u1", "2, 2, 2", kPixels)}, {"y_train", npy("|i1", "2,", "\4\xff")}},
          "y_train.npy: row 2: label -1; expected a whole number 0 to 999");
  refused({{"x_train", npy("<c8", "2, 2, 2", kPixels)}, {"y_train", labels}},
          "x_train.npy: its elements are something else (NumPy's type '<c8'), not numbers; expected an array that "
          "numpy.save writes");
  refused({{"x_train", npy("<f16", "2, 2, 2", kPixels)}, {"y_train", labels}},
          "x_train.npy: its elements are long floats (NumPy's type '<f16'); expected an array that numpy.save writes; "
          "write them as float32: x.astype(numpy.float32)");
  refused({{"x_train", npy("|u1", "2, 2, 2", kPixels)}, {"y_train", npy("<U1", "2,", kPixels)}},
          "y_train.npy: its elements are text (NumPy's type '<U1'), not numbers; expected an array that numpy.save "
          "writes; make numbers of them: labels.astype(int), or of words numpy.unique(labels, return_inverse=True)[1]");
  refused({{"x_train", npy("|u1", "2, 2, 2", kPixels)}, {"y_train", npy("|O", "2,", kPixels)}},
          "y_train.npy: its elements are Python's objects (NumPy's type '|O'), not numbers; expected an array that "
          "numpy.save writes; make numbers of them: labels.astype(int)");
  refused({{"x_train", npy("|u1", "99999999999, 99999999999, 2", kPixels)}, {"y_train", labels}},
          "x_train.npy: its header promises more than 2^62 bytes; expected an array that numpy.save writes");
  refused({{"x_train", "no array"}, {"y_train", labels}},
          "x_train.npy: ends after 8 of 12 bytes, or is damaged; fetch it again");
}

TEST(Npz, RefusesWhatIsNoArchive) {
  const TempFolder folder;
  const auto file = folder.write("a.npz", "no archive");
  EXPECT_ERROR(
      load_dataset(file, Purpose::train), Error,
      file.string() + ": not a whole .npz archive, as numpy.savez writes it (Not a zip archive); fetch it again");
}

TEST(NpyHeader, IsRefusedUnlessNumPyWouldWriteIt) {
  for (const char* text : {"", "{", "{'descr': '|u1'}", "{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}",
                           "{'descr': '|u1', 'fortran_order': False, 'shape': (2}", "{'descr': '|O', 'shape': (2,)}",
                           "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
                           "{'odd': '|u1', 'fortran_order': False, 'shape': (2,)}"}) {
    EXPECT_THROW(parse_npy_header(text, "a"), Error) << text;
  }
  const NpyHeader scalar = parse_npy_header("{'descr': '<i4', 'fortran_order': False, 'shape': ()}", "a");
  EXPECT_TRUE(scalar.shape.empty());
  EXPECT_EQ(scalar.type, NumberType::i32);
}

}  // namespace
}  // namespace digitrec
