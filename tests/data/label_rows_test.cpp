// Labels as people write them, and where they stand.
#include "data/csv.h"
#include "data/utf16.h"
#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

constexpr const char* kPixels = ",pixel0,pixel1,pixel2,pixel3\n";

std::string rows_of(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += label + ",9,8,7,255\n";
  return text;
}

TEST(LabelRows, DigitsAndLettersAreNames) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "label" + (kPixels + rows_of({"7", "B", "0", "A", "B"})));
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.classes.names, (std::vector<std::string>{"0", "7", "A", "B"}));
  EXPECT_TRUE(data.labels.equal(torch::tensor({1, 3, 0, 2, 3}, torch::kInt64)));
}

TEST(LabelRows, AWordAmongNumbersIsAMistakeWhereverItStands) {
  const TempFolder folder;
  for (const auto& [labels, line] : {std::pair{std::vector<std::string>{"x", "7", "0", "1"}, "2"},
                                     std::pair{std::vector<std::string>{"7", "0", "x", "1"}, "4"}}) {
    const auto path = folder.write("a.csv", "label" + (kPixels + rows_of(labels)));
    EXPECT_ERROR(read_csv(path, Labels::required), Error,
                 path.string() + ":" + line + ": column label: 'x' is not a number; expected a whole number 0 to 999");
  }
}

TEST(LabelRows, OfATestSetAreWithheld) {
  const TempFolder folder;
  for (const auto& [label, shown] : std::vector<std::pair<std::string, std::string>>{
           {"?", "'?'"}, {"", "empty"}, {"nan", "'nan'"}, {"NaN", "'NaN'"}, {"-1", "'-1'"}, {"-1.0", "'-1.0'"}}) {
    const auto path = folder.write("a.csv", "label" + (kPixels + rows_of({label, label})));
    const Dataset data = read_csv(path, Labels::optional);
    EXPECT_FALSE(data.has_labels()) << label;
    EXPECT_EQ(data.reading, "labels withheld");
    EXPECT_ERROR(
        read_csv(path, Labels::required), Error,
        path.string() + ": column label: no labels, each is " + shown + ", withheld as in a test set; expected labels");
  }
}

TEST(LabelRows, MissingOfSomeRowsIsAMistake) {
  const TempFolder folder;
  for (const auto& [labels, line] : {std::pair{std::vector<std::string>{"", "7"}, ":2"}, {{"7", ""}, ":3"}}) {
    const auto path = folder.write("a.csv", "label" + (kPixels + rows_of(labels)));
    EXPECT_ERROR(read_csv(path, Labels::optional), Error,
                 path.string() + line + ": column label: the field is empty; expected a whole number 0 to 999");
  }
}

TEST(LabelRows, SingleQuotesAndPlusSignsAreRead) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "'label','pixel0'\n'5','+9'\n");
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.labels.item<int64_t>(), 5);
  EXPECT_EQ(data.images.item<int>(), 9);
}

TEST(LabelRows, HaveOtherNamesBesideNumberedPixels) {
  const TempFolder folder;
  for (const char* name : {"letter", "Character", "class_name"}) {
    const auto path = folder.write("a.csv", name + (kPixels + rows_of({"c", "h"})));
    EXPECT_EQ(read_csv(path, Labels::required).classes.names, (std::vector<std::string>{"c", "h"})) << name;
  }
  const auto both = folder.write("b.csv", "label,letter" + (kPixels + rows_of({"2,c", "7,h"})));
  EXPECT_EQ(read_csv(both, Labels::required).labels[1].item<int64_t>(), 7);
  const auto merged = folder.write("c.csv", "label_x,label_y" + (kPixels + rows_of({"2,2"})));
  EXPECT_ERROR(read_csv(merged, Labels::optional), Error,
               merged.string() +
                   ":1: columns label_x and label_y may both be the labels; expected one; rename the one that is it to "
                   "label");
  const auto hot = folder.write("d.csv", "label_0,label_1" + (kPixels + rows_of({"0,1"})));
  EXPECT_ERROR(read_csv(hot, Labels::optional), Error,
               hot.string() +
                   ":1: columns label_0 to label_1 are the label, one-hot; expected one column of labels; write their "
                   "argmax");
}

TEST(LabelRows, LinesOfSeparatorsAndWholeLinesInQuotesAreRead) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "\"label,pixel0,pixel1,pixel2,pixel3\"\n\"5,1,2,3,4\"\n,,,,\n");
  const Dataset data = read_csv(path, Labels::required);
  EXPECT_EQ(data.labels.item<int64_t>(), 5);
  EXPECT_TRUE(data.images.flatten().equal(torch::tensor({1, 2, 3, 4}, torch::kUInt8)));
}

/// Rows of 8 x 8 pixels with `before` and `after` around them.
std::string unnamed_row(const std::string& before, const std::string& after) {
  std::string pixels = "0";
  for (int i = 1; i < 64; ++i) pixels += ",3";
  return before + pixels + after + "\n";
}

TEST(LabelRows, LettersNeedNoHeader) {
  const TempFolder folder;
  for (const std::string& text :
       {unnamed_row("b,", "") + unnamed_row("a,", ""), unnamed_row("", ",b") + unnamed_row("", ",a")}) {
    const Dataset data = read_csv(folder.write("a.csv", text), Labels::required);
    EXPECT_EQ(data.classes.names, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(data.labels.equal(torch::tensor({1, 0}, torch::kInt64)));
    EXPECT_EQ(data.images.sum().item<int>(), 2 * 63 * 3);
  }
}

TEST(LabelRows, ARowThatAProgramTookForAHeaderIsRead) {
  const TempFolder folder;
  std::string counted = "0,3";
  for (int i = 1; i < 63; ++i) counted += ",3." + std::to_string(i);
  std::string of_r = "\"X0\",\"X3\"";
  for (int i = 1; i < 63; ++i) of_r += ",\"X3." + std::to_string(i) + "\"";
  struct Case {
    std::string header;
    bool is_label_last;
    std::string index;
    std::string reading;
  };
  for (const Case& c : {Case{"5," + counted, false, "", "the header is a row; label: the first column"},
                        Case{counted + ",5", true, "", "the header is a row; label: the last column"},
                        Case{"\"X5\"," + of_r, false, "", "the header is a row; label: the first column"},
                        Case{",5," + counted, false, "7,",
                             "the header is a row; label: column number 2; left out: a column without a name"}}) {
    std::string rows;
    for (int i = 0; i < 30; ++i) {
      const std::string label = std::to_string(i % 3);
      rows += c.is_label_last ? unnamed_row(c.index, "," + label) : unnamed_row(c.index + label + ",", "");
    }
    const Dataset data = read_csv(folder.write("a.csv", c.header + "\n" + rows), Labels::required);
    EXPECT_EQ(data.size(), 31) << c.header;
    EXPECT_EQ(data.labels[0].item<int64_t>(), 5) << c.header;
    EXPECT_EQ(data.labels[6].item<int64_t>(), 2) << c.header;
    EXPECT_TRUE(data.images[0].equal(data.images[1])) << c.header;
    EXPECT_EQ(data.reading, c.reading);
  }
  const Dataset test = read_csv(folder.write("a.csv", counted + "\n" + unnamed_row("", "")), Labels::ignored);
  EXPECT_EQ(test.size(), 2);
  EXPECT_TRUE(test.images[0].equal(test.images[1]));
}

TEST(CsvKinds, AreNamedWhereTheyHoldNoPixels) {
  const TempFolder folder;
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"filename,label\n0.png,2\n",
            ":1: a table of files and labels (column filename); expected pixels; put the "
            "pictures in a folder for each class, and name the folder of these"},
           {"ImageId,Label\n1,2\n",
            ":1: a table of ids and labels, as a submission is; expected pixels; digitrec "
            "submit takes a submission, train and eval take images"},
           {"% of Weka\n@RELATION mnist\n",
            ":2: an ARFF file, as Weka's and OpenML's are; expected comma-separated values with a "
            "header; write it as CSV: "
            "pandas.DataFrame(scipy.io.arff.loadarff(FILE)[0]).to_csv(OUT, index=False)"},
           {"<table border=\"1\">\n",
            ": an HTML table; expected comma-separated values with a header; write it as CSV with pandas: "
            "read_html(FILE)[0].to_csv(OUT, index=False)"},
           {"{\"cells\": [], \"nbformat\": 4}",
            ": a Jupyter notebook; expected comma-separated values with a header; run it, and write its data as CSV"},
           {"[{\"label\": 2}]",
            ": a JSON file; expected comma-separated values with a header; write it as CSV with pandas: "
            "read_json(FILE).to_csv(OUT, index=False); of JSON lines with lines=True"},
           {"2 153:128 154:9\n",
            ":1: a file in libsvm's format (label index:value ...); expected comma-separated "
            "values with a header; read it with sklearn.datasets.load_svmlight_file and write it "
            "as CSV"},
           {"A,1,1,2,3,4,5,6,7,8,9,10\n",
            ":1: no header, and 11 numbers behind 'A'; expected the label and the pixels "
            "of a square image of 8 x 8 or more; numbers that describe a picture are no "
            "pixels"},
           {unnamed_row("a0.png,2,", ""),
            ":1: no header, and 65 numbers behind 'a0.png'; expected the label and the "
            "pixels of a square image of 8 x 8 or more; if that is a file's name, remove "
            "the column"}}) {
    const auto path = folder.write("a.csv", text);
    EXPECT_ERROR(read_csv(path, Labels::required), Error, path.string() + message);
  }
  const auto images = folder.write("test.csv", "label" + std::string(kPixels) + "1,2,3,4,5\n");
  EXPECT_ERROR(read_id_labels(images), Error,
               images.string() + ":1: 5 fields in the header; expected 2, an id and a label, as in ImageId,Label");
}

TEST(CsvKinds, NamesOfColumnsAreShownAsTheyAre) {
  const TempFolder folder;
  const auto path = folder.write("a.csv", "\u6807\u7b7e" + (kPixels + rows_of({"2", "7", "2", "7"})));
  EXPECT_EQ(read_csv(path, Labels::required).reading, "label: column \u6807\u7b7e, the first");
}

TEST(CsvKinds, NamesOfColumnsInUtf16AreShownAsTheyAre) {
  const TempFolder folder;
  std::string wide = "\xFF\xFE\x07\x68\x7E\x7B";  // U+6807 U+7B7E, then ASCII
  for (const char c : kPixels + rows_of({"2", "7", "2", "7"})) wide += {c, '\0'};
  const Dataset data = read_csv(folder.write("a.csv", wide), Labels::required);
  EXPECT_EQ(data.reading, "label: column \u6807\u7b7e, the first; UTF-16");
}

TEST(Utf16, ComesInPieces) {
  const std::string text("\x3D\xD8\x00\xDE\xE9\0\x3D\xD8\x41\0", 10);  // a pair, one unit, half a pair, one unit
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Utf16Decoder decoder(/*is_little_endian=*/true);
    std::string decoded = decoder.decode(text.substr(0, cut));
    decoded += decoder.decode(text.substr(cut));
    EXPECT_EQ(decoded, "\U0001F600\u00E9\uFFFDA");
  }
}

TEST(CsvPixels, SharesThatOvershootAreRefused) {
  const TempFolder folder;
  const std::string header = std::string("label") + kPixels;
  EXPECT_EQ(read_csv(folder.write("a.csv", header + "1,0,0.5,1.0001,0\n"), Labels::required).images.max().item<int>(),
            255);
  const auto whole = folder.write("c.csv", header + "1,0,1,0,1\n2,1,0,2,0\n");
  EXPECT_ERROR(read_csv(whole, Labels::required), Error,
               whole.string() + ": pixels from 0 to 2, nearly black; expected 0 to 255, or 0 to 1");
  for (const char* most : {"1.004", "1.02", "2"}) {
    const auto path = folder.write("b.csv", header + "1,0,0.5,1," + most + "\n");
    EXPECT_ERROR(read_csv(path, Labels::required), Error,
                 path.string() + ": pixels from 0 to " + most +
                     ", some of them fractions; expected 0 to 255, or 0 to 1; cut off what is above 1, as "
                     "numpy.clip(x, 0, 1) does, if 1 is white");
  }
}

}  // namespace
}  // namespace digitrec
