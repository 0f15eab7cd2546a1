// Data as people bring it: each file is read as the plain one of the same images is.
#include "data/csv.h"
#include "data/idx.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/image/pictures.h"
#include "image/image_file.h"
#include "kaggle/submission.h"
#include "support.h"

#include <fstream>
#include <functional>
#include <map>

namespace digitrec {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using test::write_zip;

/// A table of labelled images as text, with what people change about it.
struct Table {
  char separator = ',';
  bool header = true;
  bool quotes = false;
  std::string before{};  ///< fields in front of the label, by name
  std::string after{};   ///< behind the pixels
  std::function<std::string(int)> pixel = [](int value) { return std::to_string(value); };
  std::function<std::string(int64_t)> label = [](int64_t value) { return std::to_string(value); };
};

constexpr int64_t kRows = 40;
constexpr int64_t kSide = 8;

Dataset plain_data() {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < kRows; ++i) labels.push_back(i % 4);
  return test::random_dataset(labels, kSide);
}

std::string text_of(const Dataset& data, const Table& table) {
  const auto field = [&](const std::string& value) { return table.quotes ? "\"" + value + "\"" : value; };
  const std::string comma(1, table.separator);
  std::string text;
  const auto add = [&](const std::string& value, bool first = false) { text += (first ? "" : comma) + field(value); };
  if (table.header) {
    if (!table.before.empty()) add(table.before == "-" ? "" : table.before, true);
    add("label", table.before.empty());
    for (int64_t i = 0; i < kSide * kSide; ++i) add("pixel" + std::to_string(i));
    text += table.after + "\n";
  }
  for (int64_t row = 0; row < data.size(); ++row) {
    if (!table.before.empty()) add(std::to_string(row), true);
    add(table.label(data.labels[row].item<int64_t>()), table.before.empty());
    const torch::Tensor pixels = data.images[row].flatten();
    for (int64_t i = 0; i < pixels.numel(); ++i) add(table.pixel(pixels[i].item<int>()));
    text += table.after + "\n";
  }
  return text;
}

/// Without a byte-order mark.
std::string utf16(const std::string& text, bool is_big_endian) {
  std::string wide;
  for (const char c : text) {
    if (is_big_endian) wide += '\0';
    wide += c;
    if (!is_big_endian) wide += '\0';
  }
  return wide;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

struct StrangeCsv {
  const char* name;
  Table table;
  std::string reading;  ///< what is said about it

  friend void PrintTo(const StrangeCsv& c, std::ostream* out) { *out << c.name; }
};

class StrangeTable : public testing::TestWithParam<StrangeCsv> {};

TEST_P(StrangeTable, IsReadAsThePlainOne) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const auto file = folder.write("train.csv", text_of(plain, GetParam().table));
  const Dataset data = load_dataset(file, Purpose::train);
  EXPECT_TRUE(data.images.equal(plain.images));
  EXPECT_TRUE(data.labels.equal(plain.labels));
  EXPECT_EQ(data.reading, GetParam().reading);
}

INSTANTIATE_TEST_SUITE_P(
    Csv, StrangeTable,
    testing::Values(
        StrangeCsv{"Plain", {}, ""}, StrangeCsv{"Semicolons", {.separator = ';'}, "semicolons"},
        StrangeCsv{"Tabs", {.separator = '\t'}, "tabs"}, StrangeCsv{"Blanks", {.separator = ' '}, "blanks"},
        StrangeCsv{"VerticalBars", {.separator = '|'}, "vertical bars"},
        StrangeCsv{"DecimalCommas",
                   {.separator = ';', .pixel = [](int value) { return std::to_string(value) + ",0"; }},
                   "semicolons"},
        StrangeCsv{"QuotedDecimalCommas",
                   {.quotes = true, .pixel = [](int value) { return std::to_string(value) + ",0"; }},
                   ""},
        StrangeCsv{"DecimalCommasWithoutHeader",
                   {.separator = ';',
                    .header = false,
                    .pixel = [](int value) { return std::to_string(value) + ",0"; },
                    .label = [](int64_t value) { return std::to_string(value) + ",0"; }},
                   "no header; semicolons; label: the first column"},
        StrangeCsv{"NoHeader", {.header = false}, "no header; label: the first column"},
        StrangeCsv{"NoHeaderTabs", {.separator = '\t', .header = false}, "no header; tabs; label: the first column"},
        StrangeCsv{"Quotes", {.quotes = true}, ""},
        StrangeCsv{"QuotedSemicolons", {.separator = ';', .quotes = true}, "semicolons"},
        StrangeCsv{"Index", {.before = "-"}, "label: column label, number 2; left out: a column without a name"},
        StrangeCsv{"Unnamed0", {.before = "Unnamed: 0"}, "label: column label, number 2; left out: Unnamed: 0"},
        StrangeCsv{"Id", {.before = "id"}, "label: column label, number 2; ids: column id"},
        StrangeCsv{"CommaTooMany", {.after = ","}, "left out: a column without a name"},
        StrangeCsv{"CommaTooManyWithoutHeader",
                   {.header = false, .after = ","},
                   "no header; label: the first column; left out: a column without a name"},
        StrangeCsv{"Reals", {.pixel = [](int value) { return std::to_string(value) + ".0"; }}, ""},
        StrangeCsv{"RealLabels", {.label = [](int64_t value) { return std::to_string(value) + ".0"; }}, ""},
        StrangeCsv{"ZeroToOne", {.pixel = [](int value) { return std::to_string(value / 255.0); }}, "pixels 0 to 1"}),
    [](const auto& instance) { return instance.param.name; });

TEST(StrangeData, Utf16IsText) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const std::string text = text_of(plain, {});
  for (const std::string& bytes :
       {"\xff\xfe" + utf16(text, false), "\xfe\xff" + utf16(text, true), utf16(text, false), utf16(text, true)}) {
    const Dataset data = load_dataset(folder.write("train.csv", bytes), Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images));
    EXPECT_EQ(data.reading, "UTF-16");
  }
}

TEST(StrangeData, WhatProgramsPutAroundATableIsNoRow) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const std::string text = text_of(plain, {});
  const std::string header = text.substr(0, text.find('\n') + 1);
  const size_t middle = text.find('\n', text.size() / 2) + 1;
  const std::string semicolons = "sep=;\r\n" + replaced(text_of(plain, {.separator = ';'}), "\n", "\r\n");
  for (const auto& [name, changed] :
       std::map<std::string, std::string>{{"a second header", header + text},
                                          {"files put together", text.substr(0, middle) + header + text.substr(middle)},
                                          {"Excel's separator", "sep=,\n" + text},
                                          {"Excel's separator, semicolons", semicolons},
                                          {"a comment", "# digits of 8 x 8\n#\n" + text},
                                          {"old Mac", replaced(text, "\n", "\r")},
                                          {"Ctrl-Z", text + "\x1a"},
                                          {"Ctrl-Z in the last line", text.substr(0, text.size() - 1) + "\x1a"}}) {
    const Dataset data = load_dataset(folder.write("train.csv", changed), Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images)) << name;
    EXPECT_TRUE(data.labels.equal(plain.labels)) << name;
  }
}

TEST(StrangeData, AllPixelsMayStandInOneField) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  struct Case {
    std::string header, before, between, after;
  };
  for (const Case& c : {Case{"label,pixels", "", " ", ""}, Case{"label,pixels,Usage", "", " ", ",Training"},
                        Case{"label,image", "\"[", ", ", "]\""}}) {
    std::string text = c.header + "\n";
    for (int64_t row = 0; row < plain.size(); ++row) {
      text += std::to_string(plain.labels[row].item<int64_t>()) + "," + c.before;
      const torch::Tensor pixels = plain.images[row].flatten();
      for (int64_t i = 0; i < pixels.numel(); ++i)
        text += (i > 0 ? c.between : "") + std::to_string(pixels[i].item<int>());
      text += c.after + "\n";
    }
    const Dataset data = load_dataset(folder.write("train.csv", text), Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images)) << c.header;
    EXPECT_TRUE(data.labels.equal(plain.labels)) << c.header;
  }
}

TEST(StrangeData, WhatShowsNothingIsNotShown) {
  const TempFolder folder;
  const std::string text = replaced(text_of(plain_data(), {.before = "x"}), "x,", "a\u202Eb\u200B,");
  EXPECT_EQ(load_dataset(folder.write("train.csv", text), Purpose::train).reading,
            "label: column label, number 2; left out: a?b?");
}

TEST(StrangeData, LinesMayEndWithTwoCarriageReturns) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  for (const bool has_header : {true, false}) {
    const std::string text = replaced(text_of(plain, {.header = has_header}), "\n", "\r\r\n");
    const Dataset data = load_dataset(folder.write("train.csv", text), Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images));
    EXPECT_TRUE(data.labels.equal(plain.labels));
  }
  EXPECT_EQ(read_id_labels(folder.write("s.csv", "ImageId,Label\r\r\n1,5\r\r\n")).rows.front().label, "5");
}

TEST(StrangeData, AHeaderOfNumbersBelowAnotherLineIsNoRow) {
  const TempFolder folder;
  std::string names = "0";
  for (int i = 1; i < 65; ++i) names += "," + std::to_string(i);
  const std::string rows = text_of(plain_data(), {.header = false});
  const Dataset data = load_dataset(folder.write("train.csv", "sep=,\n" + names + "\n" + rows), Purpose::train);
  EXPECT_EQ(data.size(), kRows);
}

TEST(StrangeData, TheOnlyColumnBesideNumberedPixelsIsTheLabel) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const auto named = [&](const std::string& name, std::function<std::string(int64_t)> label = {}) {
    Table table;
    if (label) table.label = std::move(label);
    return folder.write(name + ".csv", replaced(text_of(plain, table), "label", name));
  };
  for (const char* name : {"number", "category", "value", "truth", "5"}) {
    const Dataset data = load_dataset(named(name), Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images)) << name;
    EXPECT_TRUE(data.labels.equal(plain.labels)) << name;
    EXPECT_EQ(data.reading, "label: column " + std::string(name) + ", the first");
  }
  int64_t row = 0;
  const auto many = [&](int64_t) { return std::to_string(row++); };
  for (const auto& path : {named("fold"), named("number", many), named("value", [](int64_t) { return "0.5"; }),
                           named("kind", [](int64_t) { return "even"; })}) {
    EXPECT_FALSE(load_dataset(path, Purpose::inspect).has_labels());
    EXPECT_THROW(load_dataset(path, Purpose::train), Error);
  }
}

TEST(StrangeData, OneHotColumnsAreRefused) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "pixel0,pixel1,pixel2,pixel3,is_0,is_1\n1,2,3,4,1,0\n");
  EXPECT_ERROR(load_dataset(path, Purpose::train), Error,
               path.string() +
                   ":1: no column is named label; expected a header like label,pixel0,pixel1,... (is this the test "
                   "file?); if is_0 to is_1 are it, one-hot, write it as one column, their argmax");
}

/// A table as R's write.table writes it: the rows' names have none in the header.
std::string of_r(const Dataset& data, const std::string& header) {
  std::string text = header + "\n";
  for (int64_t row = 0; row < data.size(); ++row) {
    text += "\"" + std::to_string(row + 1) + "\" " + std::to_string(data.labels[row].item<int64_t>());
    const torch::Tensor pixels = data.images[row].flatten();
    for (int64_t i = 0; i < pixels.numel(); ++i) text += " " + std::to_string(pixels[i].item<int>());
    text += '\n';
  }
  return text;
}

TEST(StrangeData, RNamesRowsWithoutANameInTheHeader) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  std::string named = "\"label\"";
  std::string numbered = "\"V1\"";
  for (int i = 0; i < kSide * kSide; ++i) {
    named += " \"pixel" + std::to_string(i) + "\"";
    numbered += " \"V" + std::to_string(i + 2) + "\"";
  }
  const std::string table = of_r(plain, numbered);
  const std::string csv = "\"\"," + replaced(table, " ", ",");  // write.csv names that column ""
  for (const auto& [text, reading] : std::map<std::string, std::string>{
           {of_r(plain, named), "blanks; label: column label, number 2; left out: a column without a name"},
           {table, "blanks; label: column number 2; left out: a column without a name"},
           {csv, "label: column number 2; left out: a column without a name"}}) {
    const Dataset data = load_dataset(folder.write("train.csv", text), Purpose::train);
    EXPECT_TRUE(data.images.equal(plain.images)) << reading;
    EXPECT_TRUE(data.labels.equal(plain.labels)) << reading;
    EXPECT_EQ(data.reading, reading);
  }
}

TEST(StrangeData, ZeroAndOneAreBlackAndWhite) {
  const TempFolder folder;
  const auto file = folder.write("a.csv", "label,a,b,c,d\n3,0,1,1,0\n2,1,0,0,1\n");
  EXPECT_EQ(read_csv(file, Labels::required).images.max().item<int>(), 255);
}

TEST(StrangeData, LabelsMayBeNames) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const auto name = [](int64_t label) { return std::string("dcba").substr(static_cast<size_t>(label), 1); };
  const Dataset data = load_dataset(folder.write("a.csv", text_of(plain, {.label = name})), Purpose::train);
  EXPECT_EQ(data.classes.names, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_TRUE(data.labels.equal(3 - plain.labels));
  const auto mistyped = folder.write("b.csv", "label,a\n5,1\nx,2\n");
  EXPECT_ERROR(read_csv(mistyped, Labels::required), Error,
               mistyped.string() + ":3: column label: 'x' is not a number; expected a whole number 0 to 999");
}

TEST(StrangeData, LabelsThatBeginAtOneOrHaveAGapGiveNoPhantomClass) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const auto odd = [](int64_t label) { return std::to_string(label == 3 ? 7 : label + 1); };
  const std::string rows = text_of(plain, {.header = false, .label = odd});
  const Dataset data = load_dataset(folder.write("a.csv", text_of(plain, {.label = odd}) + rows), Purpose::train);
  EXPECT_EQ(data.num_classes(), 4);
  EXPECT_EQ(data.classes.labels, (std::vector<int64_t>{1, 2, 3, 7}));
  EXPECT_EQ(data.classes.name(3), "7");
  EXPECT_EQ(data.reading, "4 classes, labelled 1 to 7");
  Dataset few = load_dataset(folder.write("b.csv", "label,a\n7,1\n2,9\n"), Purpose::train);
  EXPECT_EQ(few.num_classes(), 8) << "chance, in two rows";
  match_classes(few, data.classes, 4);
  EXPECT_TRUE(few.labels.equal(torch::tensor({3, 1}, torch::kInt64)));
  Dataset other = load_dataset(folder.write("c.csv", "label,a\n6,1\n2,9\n"), Purpose::train);
  EXPECT_ERROR(match_classes(other, data.classes, 4), Error,
               other.source + ": label 6 is none of the model's 4 classes (1 to 7); use data of the same classes");
}

TEST(StrangeData, IdsAreKept) {
  const TempFolder folder;
  std::string text = "id,pixel0,pixel1,pixel2,pixel3\n";
  for (const char* id : {"7", "x-9", "\"3\"", "\"a \"\"x\"\" b\""}) text += std::string(id) + ",1,2,3,4\n";
  const Dataset data = load_dataset(folder.write("test.csv", text), Purpose::predict);
  EXPECT_EQ(data.ids, (std::vector<std::string>{"7", "x-9", "3", "a \"x\" b"}));
  EXPECT_EQ(data.id_name, "id");
}

TEST(StrangeData, IdsHaveManyNames) {
  const TempFolder folder;
  const auto read = [&](const std::string& name, const std::vector<std::string>& values) {
    std::string text = name + ",pixel0,pixel1,pixel2,pixel3\n";
    for (const std::string& value : values) text += value + ",1,2,3,4\n";
    return load_dataset(folder.write("test.csv", text), Purpose::predict);
  };
  for (const char* name : {"row_id", "uuid", "SampleID", "filename", "index", "test_id", "img_id", "Image Id",
                           "image-id", "name", "ID_code", "rowid", "file", "no"}) {
    const Dataset data = read(name, {"3", "1", "2"});
    EXPECT_EQ(data.ids, (std::vector<std::string>{"3", "1", "2"})) << name;
    EXPECT_EQ(data.id_name, name);
    EXPECT_EQ(data.reading, "ids: column " + std::string(name));
  }
  EXPECT_EQ(read("row_id", {"0", "1"}).ids, (std::vector<std::string>{"0", "1"}));
  EXPECT_TRUE(read("index", {"0", "1"}).ids.empty()) << "pandas counts so";
  EXPECT_TRUE(read("Unnamed: 0", {"2", "1"}).ids.empty());
  EXPECT_TRUE(read("group_id", {"a", "a"}).ids.empty());
  EXPECT_EQ(read("group_id", {"a", "a"}).reading, "left out: group_id");
  EXPECT_TRUE(read("grid", {"1", "2"}).ids.empty());
  folder.write("sample_submission.csv", "code,label\na,0\nb,0\n");
  EXPECT_EQ(read("code", {"b", "a"}).ids, (std::vector<std::string>{"b", "a"})) << "as the sample has it";
  EXPECT_EQ(read("id,code", {"1,b", "2,a"}).ids, (std::vector<std::string>{"b", "a"}));
}

TEST(StrangeData, ClassesGetNamesFromAFile) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const auto file = folder.write("train.csv", text_of(plain, {}));
  const auto named = [&](const std::string& names) {
    return load_dataset(file, Purpose::train, {.class_names = folder.write("names.txt", names)});
  };
  EXPECT_EQ(named("zero\none\r\ntwo\n\nthree\nfour\n").classes.names,
            (std::vector<std::string>{"zero", "one", "two", "three", "four"}));
  EXPECT_EQ(named("3 three pins\n0 a\n1 b\n2 c\n").classes.names,
            (std::vector<std::string>{"a", "b", "c", "three pins"}));
  EXPECT_EQ(named("0 65 97\n1 66\n2 67\n3 68\n").classes.names, (std::vector<std::string>{"A", "B", "C", "D"}));
  const std::string names = (folder / "names.txt").string();
  EXPECT_ERROR(named("zero\none\n"), Error,
               names + ": 2 names for the 4 classes of " + file.string() + "; none for label 2");
  EXPECT_ERROR(named("a\nb\nb\nc\n"), Error, names + ": two classes are named 'b'; expected another name for each");
}

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
  // As NIST's by_class has them: a folder for each character, with those of its writers in it.
  write_pictures(folder / "by_class/30", 1);
  write_pictures(folder / "by_class/31", 1);
  EXPECT_EQ(load_dataset(folder / "by_class", Purpose::train).num_classes(), 2);
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
  const TempFolder downloads;
  fs::copy_file(folder / "flat.zip", downloads / "flat.zip");
  EXPECT_EQ(load_dataset(downloads.path(), Purpose::train).size(), 6);
}

}  // namespace
}  // namespace digitrec
