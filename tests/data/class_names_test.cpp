#include "data/class_names.h"

#include "data/class_numbers.h"
#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

std::string shown_names(const std::filesystem::path& path) {
  std::string text;
  for (const auto& [label, name] : read_class_names(path)) text += std::to_string(label) + "|" + name + " ";
  return text;
}

TEST(ClassNames, StandBesideTheirLabelsInManyWays) {
  const TempFolder folder;
  for (const std::string text :
       {"0 a b\n1 c", "0\ta b\r\n1\tc\r\n", "0,a b\n1,c\n", "label,name\n0,a b\n1,c\n", "0: a b\n1: c\n",
        "0=a b\n1=c\n", "a b,0\nc,1\n", "name;label\na b;0\nc;1\n", "0,\"a b\"\n\"1\",c\n", "\uFEFF0,a b\r1,c\r"})
    EXPECT_EQ(shown_names(folder.write("names.txt", text)), "0|a b 1|c ") << text;
}

TEST(ClassNames, StandInOrder) {
  const TempFolder folder;
  EXPECT_EQ(shown_names(folder.write("a.txt", "name\nclass 1\nclass 2\n")), "-1|class 1 -1|class 2 ");
  EXPECT_EQ(shown_names(folder.write("b.txt", "zero, none\none\n")), "-1|zero, none -1|one ");
}

TEST(ClassNames, MayAllStandOnOneLine) {
  const TempFolder folder;
  EXPECT_EQ(shown_names(folder.write("a.txt", "a b, c,\"d, e\"\n")), "-1|a b -1|c -1|d, e ");
}

TEST(ClassNames, MayBeJson) {
  const TempFolder folder;
  EXPECT_EQ(shown_names(folder.write("a.json", "\n[\"a b\",\n \"c\"]\n")), "-1|a b -1|c ");
  for (const std::string text : {R"({"0": "a b", "1": "c"})", R"({"a b": 0, "c": 1})", R"({"a b": "0", "c": "1"})",
                                 R"({"x": [], "id2label": {"0": "a b", "1": "c"}})"})
    EXPECT_EQ(shown_names(folder.write("a.json", text)), "0|a b 1|c ") << text;
  for (const std::string text : {"[1, 2]", "[\"a\"", "{\"a\": [0]}", "{\"a\": \"b\"}", "[[\"a\"]]"}) {
    const auto path = folder.write("a.json", text);
    EXPECT_ERROR(read_class_names(path), Error,
                 path.string() +
                     ": JSON without names of classes; expected a list of names, or labels with names; "
                     "[\"shirt\", \"bag\"] or {\"0\": \"shirt\", \"1\": \"bag\"}");
  }
}

TEST(ClassNames, AreReadAsUtf16) {
  const TempFolder folder;
  const std::string little("\xFF\xFE\xE9\0\n\0\x41\x53\n\0\x3D\xD8\x00\xDE", 14);
  EXPECT_EQ(shown_names(folder.write("a.txt", little)), "-1|\u00E9 -1|\u5341 -1|\U0001F600 ");
}

TEST(ClassNames, RefuseALabelTwice) {
  const TempFolder folder;
  const auto path = folder.write("a.txt", "0,a\n0,b\n");
  EXPECT_ERROR(read_class_names(path), Error, path.string() + ": label 0 has two names; expected one");
}

TEST(ClassNames, MoreThanTheClassesOfManyRowsAreRefused) {
  const TempFolder folder;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 60; ++i) labels.push_back(i % 3);
  Dataset data = test::random_dataset(labels, 2);
  const auto path = folder.write("a.txt", "heading\nzero\none\ntwo\n");
  EXPECT_ERROR(name_classes(data, path), Error,
               path.string() + ": 4 names for the 3 classes of " + data.source +
                   "; expected as many; or write the label before each name");
}

}  // namespace
}  // namespace digitrec
