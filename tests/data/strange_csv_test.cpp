// Tables as people bring them: each is read as the plain one of the same images is.
#include "data/csv.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "kaggle/submission.h"
#include "strange_table.h"
#include "support_run.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>

namespace digitrec {
namespace {

using test::TempFolder;

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

struct TableKind {
  const char* name;
  Table table;
  std::string reading;  ///< what is said about it

  friend void PrintTo(const TableKind& c, std::ostream* out) { *out << c.name; }
};

class StrangeTable : public testing::TestWithParam<TableKind> {};

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
        TableKind{"Plain", {}, ""}, TableKind{"Semicolons", {.separator = ';'}, "semicolons"},
        TableKind{"Tabs", {.separator = '\t'}, "tabs"}, TableKind{"Blanks", {.separator = ' '}, "blanks"},
        TableKind{"VerticalBars", {.separator = '|'}, "vertical bars"},
        TableKind{"DecimalCommas",
                  {.separator = ';', .pixel = [](int value) { return std::to_string(value) + ",0"; }},
                  "semicolons"},
        TableKind{"QuotedDecimalCommas",
                  {.quotes = true, .pixel = [](int value) { return std::to_string(value) + ",0"; }},
                  ""},
        TableKind{"DecimalCommasWithoutHeader",
                  {.separator = ';',
                   .header = false,
                   .pixel = [](int value) { return std::to_string(value) + ",0"; },
                   .label = [](int64_t value) { return std::to_string(value) + ",0"; }},
                  "no header; semicolons; label: the first column"},
        TableKind{"NoHeader", {.header = false}, "no header; label: the first column"},
        TableKind{"NoHeaderTabs", {.separator = '\t', .header = false}, "no header; tabs; label: the first column"},
        TableKind{"Quotes", {.quotes = true}, ""},
        TableKind{"QuotedSemicolons", {.separator = ';', .quotes = true}, "semicolons"},
        TableKind{"Index", {.before = "-"}, "label: column label, number 2; left out: a column without a name"},
        TableKind{"Unnamed0", {.before = "Unnamed: 0"}, "label: column label, number 2; left out: Unnamed: 0"},
        TableKind{"Id", {.before = "id"}, "label: column label, number 2; ids: column id"},
        TableKind{"CommaTooMany", {.after = ","}, "left out: a column without a name"},
        TableKind{"CommaTooManyWithoutHeader",
                  {.header = false, .after = ","},
                  "no header; label: the first column; left out: a column without a name"},
        TableKind{"Reals", {.pixel = [](int value) { return std::to_string(value) + ".0"; }}, ""},
        TableKind{"RealLabels", {.label = [](int64_t value) { return std::to_string(value) + ".0"; }}, ""},
        TableKind{"ZeroToOne", {.pixel = [](int value) { return std::to_string(value / 255.0); }}, "pixels 0 to 1"}),
    [](const auto& instance) { return instance.param.name; });

TEST(StrangeCsv, Utf16IsText) {
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

TEST(StrangeCsv, WhatProgramsPutAroundATableIsNoRow) {
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

/// The table with a comment's mark before its header, as numpy.savetxt writes it.
TEST(StrangeCsv, AHeaderMayBeAComment) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  // The pixels in the order of their names, pixel0, pixel1, pixel10, ..., so that the header counts.
  const auto sorted = [](std::string text, char separator) {
    std::istringstream lines(text);
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      rows.emplace_back();
      for (std::string field; std::getline(fields, field, separator);) rows.back().push_back(field);
    }
    std::vector<size_t> order(rows.front().size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows.front()[a] < rows.front()[b]; });
    std::string changed;
    for (const auto& row : rows) {
      for (size_t i = 0; i < order.size(); ++i) changed += (i > 0 ? std::string(1, separator) : "") + row[order[i]];
      changed += '\n';
    }
    return changed;
  };
  const std::string commas = sorted(text_of(plain, {}), ',');
  const std::string header = commas.substr(0, commas.find('\n') + 1);
  const std::string rows = commas.substr(header.size());
  const std::string tabs = sorted(text_of(plain, {.separator = '\t'}), '\t');
  for (const auto& [name, text] :
       std::map<std::string, std::string>{{"numpy.savetxt", "# " + commas},
                                          {"no blank", "#" + commas},
                                          {"MATLAB", "% " + commas},
                                          {"a title", "# digits, of 8 x 8\n# " + commas},
                                          {"a note below", "# " + header + "# five a class\n" + rows},
                                          {"a row left out", "# " + header + "# " + rows},
                                          {"header put together", "# " + header + rows + "# " + commas},
                                          {"blanks between names", "# " + replaced(header, ",", " ") + rows},
                                          {"tabs", "# " + tabs},
                                          {"UTF-16", "\xff\xfe" + utf16("# " + commas, false)}}) {
    const bool is_twice = name == "header put together";
    const Dataset data = load_dataset(folder.write("train.csv", text), Purpose::train);
    const int64_t first = name == "a row left out" ? 1 : 0;
    EXPECT_TRUE(data.images.slice(0, 0, plain.size() - first).equal(plain.images.slice(0, first))) << name;
    EXPECT_TRUE(data.labels.slice(0, 0, plain.size() - first).equal(plain.labels.slice(0, first))) << name;
    EXPECT_EQ(data.size(), is_twice ? 2 * plain.size() : plain.size() - first) << name;
  }
  std::string twice = commas;
  twice.replace(twice.find("pixel1,"), 7, "pixel0,");
  const auto file = folder.write("train.csv", "# exported\n# " + twice);
  EXPECT_EQ(test::message_of([&] { load_dataset(file, Purpose::train); }),
            file.string() + ":2: two columns are named pixel0; expected each pixel once");
}

/// The plain table with other names of the pixels. `name`: of the pixel in a row and a column.
std::string renamed(const Dataset& plain, const std::function<std::string(int64_t row, int64_t column)>& name) {
  const std::string text = text_of(plain, {});
  std::string header = "label";
  for (int64_t i = 0; i < kSide * kSide; ++i) header += "," + name(i / kSide, i % kSide);
  return header + text.substr(text.find('\n'));
}

TEST(StrangeCsv, NamesSayWhichNumberIsTheRow) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  for (const auto& [across, down] : std::vector<std::pair<std::string, std::string>>{{"c", "_r"},
                                                                                     {"c", "r"},
                                                                                     {"w", "_h"},
                                                                                     {"width", "height"},
                                                                                     {"column_", "_line_"},
                                                                                     {"j", "i"},
                                                                                     {"x", "y"},
                                                                                     {"Col", " Row"}}) {
    const auto of_pixel = [&](int64_t row, int64_t column) {
      return across + std::to_string(column) + down + std::to_string(row);
    };
    EXPECT_TRUE(
        load_dataset(folder.write("train.csv", renamed(plain, of_pixel)), Purpose::train).images.equal(plain.images))
        << across << " " << down;
    const auto row_first = [&](int64_t row, int64_t column) {
      return "p_" + down.substr(down.find_first_not_of("_ ")) + std::to_string(row) + "_" + across +
             std::to_string(column);
    };
    EXPECT_TRUE(
        load_dataset(folder.write("train.csv", renamed(plain, row_first)), Purpose::train).images.equal(plain.images))
        << down << " " << across;
  }
  const auto unclear = [](int64_t row, int64_t column) {
    return "p" + std::to_string(column) + "_" + std::to_string(row);
  };
  const auto file = folder.write("train.csv", renamed(plain, unclear));
  EXPECT_EQ(test::message_of([&] { load_dataset(file, Purpose::train); }),
            file.string() +
                ":1: p1_0 comes after p0_0: the names do not say which number is the row; expected the row "
                "first, and its pixels side by side; name them pixel0, pixel1, ..., row by row, or r0c0, "
                "r0c1, ...");
}

TEST(StrangeCsv, OnlyAColumnThatMayBeTheLabelIsIt) {
  const TempFolder folder;
  const Dataset plain = plain_data();
  const auto reading = [&](const std::string& name, const std::function<std::string(int64_t)>& value) {
    std::string text = text_of(plain, {.label = value});
    text.replace(0, std::string("label").size(), name);
    return load_dataset(folder.write("data.csv", text), Purpose::inspect);
  };
  const auto five = [](int64_t label) { return std::to_string(label); };
  for (const char* name : {"fold", "fold_no", "kfold", "cv_fold", "datasetGroup", "batch", "version"}) {
    EXPECT_FALSE(reading(name, five).has_labels()) << name;
    EXPECT_EQ(reading(name, five).reading, std::string("left out: ") + name);
  }
  EXPECT_TRUE(reading("emotion", five).has_labels());
  EXPECT_FALSE(reading("datasetId", [](int64_t) { return "7"; }).has_labels()) << "the same in each row";
  // FER's tables: emotion,pixels,Usage.
  std::string text = "emotion,pixels,Usage\n";
  for (int64_t row = 0; row < plain.size(); ++row) {
    text += std::to_string(plain.labels[row].item<int64_t>()) + ",";
    const torch::Tensor pixels = plain.images[row].flatten();
    for (int64_t i = 0; i < pixels.numel(); ++i) text += (i > 0 ? " " : "") + std::to_string(pixels[i].item<int>());
    text += ",Training\n";
  }
  const Dataset faces = load_dataset(folder.write("fer.csv", text), Purpose::train);
  EXPECT_TRUE(faces.labels.equal(plain.labels));
  EXPECT_EQ(faces.reading, "label: column emotion, the first; left out: Usage");
}

TEST(StrangeCsv, WhatIsNoTableOfImagesIsNamed) {
  const TempFolder folder;
  const auto message = [&](const std::string& text) {
    const auto file = folder.write("train.csv", text);
    const std::string whole = test::message_of([&] { load_dataset(file, Purpose::train); });
    return whole.starts_with(file.string()) ? whole.substr(file.string().size()) : whole;
  };
  EXPECT_EQ(message("sepallength,sepalwidth,petallength,petalwidth,class\n5.1,3.5,1.4,0.2,a\n4.9,3.0,1.4,2.2,b\n"),
            ": 4 columns of fractions, few for the pixels of an image; expected whole numbers 0 to 255; measurements "
            "are no pixels");
  for (const char* line : {"7 | 152:128 153:200\n", "7 |pixels 152:128 153:200\n", "7 |152:128 153:200\n"}) {
    EXPECT_EQ(message(line),
              ":1: a file in Vowpal Wabbit's format (label | index:value ...); expected comma-separated values with a "
              "header; write all pixels of each image as CSV")
        << line;
  }
  EXPECT_EQ(message("label,image\n5,\"[  0   0   3\n  4   5   6]\"\n"),
            ":1: a column of arrays as NumPy prints them ([  0   0   3); expected all pixels of an image in one line; "
            "write x.flatten().tolist() in place of x");
}

TEST(StrangeCsv, AllPixelsMayStandInOneField) {
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

TEST(StrangeCsv, WhatShowsNothingIsNotShown) {
  const TempFolder folder;
  const std::string turn{'\xE2', '\x80', '\xAE'};  // U+202E
  const std::string text = replaced(text_of(plain_data(), {.before = "x"}), "x,", "a" + turn + "b\u200B,");
  EXPECT_EQ(load_dataset(folder.write("train.csv", text), Purpose::train).reading,
            "label: column label, number 2; left out: a?b?");
}

TEST(StrangeCsv, LinesMayEndWithTwoCarriageReturns) {
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

TEST(StrangeCsv, AHeaderOfNumbersBelowAnotherLineIsNoRow) {
  const TempFolder folder;
  std::string names = "0";
  for (int i = 1; i < 65; ++i) names += "," + std::to_string(i);
  const std::string rows = text_of(plain_data(), {.header = false});
  const Dataset data = load_dataset(folder.write("train.csv", "sep=,\n" + names + "\n" + rows), Purpose::train);
  EXPECT_EQ(data.size(), kRows);
}

TEST(StrangeCsv, TheOnlyColumnBesideNumberedPixelsIsTheLabel) {
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

TEST(StrangeCsv, OneHotColumnsAreRefused) {
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

TEST(StrangeCsv, RNamesRowsWithoutANameInTheHeader) {
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

TEST(StrangeCsv, ZeroAndOneAreBlackAndWhite) {
  const TempFolder folder;
  const auto file = folder.write("a.csv", "label,a,b,c,d\n3,0,1,1,0\n2,1,0,0,1\n");
  EXPECT_EQ(read_csv(file, Labels::required).images.max().item<int>(), 255);
}

TEST(StrangeCsv, LabelsMayBeNames) {
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

TEST(StrangeCsv, LabelsThatBeginAtOneOrHaveAGapGiveNoPhantomClass) {
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

TEST(StrangeCsv, IdsAreKept) {
  const TempFolder folder;
  std::string text = "id,pixel0,pixel1,pixel2,pixel3\n";
  for (const char* id : {"7", "x-9", "\"3\"", "\"a \"\"x\"\" b\""}) text += std::string(id) + ",1,2,3,4\n";
  const Dataset data = load_dataset(folder.write("test.csv", text), Purpose::predict);
  EXPECT_EQ(data.ids, (std::vector<std::string>{"7", "x-9", "3", "a \"x\" b"}));
  EXPECT_EQ(data.id_name, "id");
}

TEST(StrangeCsv, IdsHaveManyNames) {
  const TempFolder folder;
  const auto read = [&](const std::string& name, const std::vector<std::string>& values) {
    std::string text = name + ",pixel0,pixel1,pixel2,pixel3\n";
    for (const std::string& value : values) text += value + ",1,2,3,4\n";
    return load_dataset(folder.write("test.csv", text), Purpose::predict);
  };
  for (const char* name :
       {"row_id", "uuid",    "SampleID", "filename", "index",  "test_id", "img_id", "Image Id",   "image-id",
        "name",   "ID_code", "rowid",    "file",     "no",     "ids",     "key",    "identifier", "row",
        "num",    "hash",    "fname",    "record",   "sample", "code",    "serial"}) {
    const Dataset data = read(name, {"3", "1", "2"});
    EXPECT_EQ(data.ids, (std::vector<std::string>{"3", "1", "2"})) << name;
    EXPECT_EQ(data.id_name, name);
    EXPECT_EQ(data.reading, "ids: column " + std::string(name));
  }
  EXPECT_EQ(read("row_id", {"0", "1"}).ids, (std::vector<std::string>{"0", "1"}));
  EXPECT_TRUE(read("index", {"0", "1"}).ids.empty()) << "pandas counts so";
  for (const char* name : {"Unnamed: 0", ""}) {
    EXPECT_EQ(read(name, {"2", "1"}).ids, (std::vector<std::string>{"2", "1"})) << "of shuffled rows";
    EXPECT_EQ(read(name, {"2", "1"}).id_name, "id");
    EXPECT_TRUE(read(name, {"0", "1"}).ids.empty());
  }
  EXPECT_TRUE(read("group_id", {"a", "a"}).ids.empty());
  EXPECT_EQ(read("group_id", {"a", "a"}).reading, "left out: group_id");
  EXPECT_TRUE(read("grid", {"1", "2"}).ids.empty());
  folder.write("sample_submission.csv", "code,label\na,0\nb,0\n");
  EXPECT_EQ(read("code", {"b", "a"}).ids, (std::vector<std::string>{"b", "a"})) << "as the sample has it";
  EXPECT_EQ(read("id,code", {"1,b", "2,a"}).ids, (std::vector<std::string>{"b", "a"}));
}

TEST(StrangeCsv, ClassesGetNamesFromAFile) {
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

}  // namespace
}  // namespace digitrec
