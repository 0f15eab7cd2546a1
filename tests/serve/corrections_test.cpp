#include "serve/corrections.h"

#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "serve/refusal.h"
#include "support.h"
#include "train/training_rows.h"

#include <algorithm>
#include <thread>

namespace digitrec::serve {
namespace {

TEST(Corrections, AreRowsThatTrainReads) {
  const test::TempFolder folder;
  Corrections corrections(folder / "c.csv");
  corrections.add(3, {0, 255, 7, 8});
  Corrections(folder / "c.csv").add(9, {1, 2, 3, 4});  // a later server appends to the file
  EXPECT_EQ(test::read_text(folder / "c.csv"), "label,pixel0,pixel1,pixel2,pixel3\n3,0,255,7,8\n9,1,2,3,4\n");
  const Dataset dataset = load_dataset(folder / "c.csv", Purpose::train);
  EXPECT_EQ(dataset.labels[1].item<int64_t>(), 9);
}

std::string first_fields(const std::string& csv) {
  std::string fields;
  for (size_t line = csv.find('\n') + 1; line < csv.size(); line = csv.find('\n', line) + 1)
    fields += csv.substr(line, csv.find(",0,", line) - line) + " ";
  return fields;
}

TEST(Corrections, AreReadBackAsTheClassesTheyWereGivenFor) {
  struct Case {
    Classes classes;
    std::string names;    // the file of --class-names
    std::string written;  // for the classes 2 and 0
  };
  const std::vector<Case> cases{
      {{}, "", "2 0 "},
      {{{}, {"A", "E", "H"}}, "", "H A "},
      {{{}, {"A", "Delta, fourth", "H, eighth"}}, "", "\"H, eighth\" A "},
      {{{1, 2, 3}, {}}, "", "3 1 "},
      {{{1, 2, 3}, {"A", "B", "C"}}, "A\nB\nC\n", "C A "},
      {{{}, {"A", "B", "C"}}, "A\nB\nC\n", "C A "},  // were folders a, b and c
      {{{0, 1, 2}, {"1", "2", "0"}}, "1\n2\n0\n", "0 1 "},
      {{{0, 1, 10}, {"0", "1", "A"}}, "0 0\n1 1\n10 A\n", "10 0 "},  // no column of both numbers and names
      {{{4, 5, 6}, {"x", "\"y\"", " z"}}, "", "6 4 "},
  };
  for (const Case& c : cases) {
    const test::TempFolder folder;
    CheckpointInfo info;
    info.shape.classes = 3;
    info.classes = c.classes;
    info.transpose = true;
    Corrections corrections(folder / "c.csv", row_form(info));
    corrections.add(2, {0, 255, 7, 8});
    corrections.add(0, {0, 1, 2, 3});
    EXPECT_EQ(first_fields(test::read_text(folder / "c.csv")), c.written);
    EXPECT_NO_THROW(Corrections(folder / "c.csv", row_form(info)).require_usable(4));

    Dataset data = test::random_dataset({0, 0, 1, 1, 2, 2}, 2);
    data.classes = c.classes;
    TrainConfig config;
    config.extra_data = (folder / "c.csv").string();
    config.transpose = true;
    if (!c.names.empty()) config.class_names = folder.write("names.txt", c.names).string();
    const Dataset rows = training_rows(config, data).dataset;
    ASSERT_EQ(rows.size(), 8);
    EXPECT_EQ(rows.labels[6].item<int64_t>(), 2) << c.written;
    EXPECT_EQ(rows.labels[7].item<int64_t>(), 0) << c.written;
    EXPECT_EQ(rows.images[6][0][1].item<int>(), 255);
  }
}

TEST(Corrections, OfOtherClassesHaveAnotherFile) {
  CheckpointInfo letters;
  letters.shape.classes = 3;
  letters.classes.names = {"A", "E", "H"};
  CheckpointInfo turned = letters;
  turned.transpose = true;
  const test::TempFolder folder;
  Corrections corrections(folder / "c.csv", row_form(letters));
  EXPECT_TRUE(corrections.take(letters));
  EXPECT_FALSE(corrections.take({}));
  EXPECT_FALSE(corrections.take(turned));
  corrections.add(1, {0, 255, 7, 8});
  EXPECT_ERROR(Corrections(folder / "c.csv").require_usable(4), Error,
               (folder / "c.csv").string() +
                   ":2: holds corrections of other classes: E is none of the model's 10 (0 to 9); name another with "
                   "`corrections`");
  CheckpointInfo mixed = letters;
  mixed.classes.names = {"1", "2", "A"};
  EXPECT_FALSE(Corrections(folder / "d.csv", row_form(mixed)).take(mixed));
}

TEST(Corrections, LeaveOtherFilesAlone) {
  const test::TempFolder folder;
  for (const char* text : {"label,pixel0\n1,2\n", "notes", "label,pixel0,pixel1,pixel2,pixel3\n3,0,255"}) {
    const auto path = folder.write("c.csv", text);
    const std::string why = ": not a file of corrections with 4 pixels per row; name another with `corrections`";
    EXPECT_ERROR(Corrections(path).require_usable(4), Error, path.string() + why);
    EXPECT_ERROR(Corrections(path).add(3, {0, 255, 7, 8}), Error, "c.csv" + why);  // strangers see no folders
    EXPECT_EQ(test::read_text(path), text);
  }
  EXPECT_THROW(Corrections(folder / "none" / "c.csv").add(3, {0}), Error);
}

TEST(Corrections, AreCheckedBeforeThereAreAny) {
  const test::TempFolder folder;
  EXPECT_NO_THROW(Corrections(folder / "c.csv").require_usable(4));
  EXPECT_TRUE(folder.entries().empty());  // the first one creates the file
  Corrections(folder / "c.csv").add(3, {0, 255, 7, 8});
  EXPECT_NO_THROW(Corrections(folder / "c.csv").require_usable(4));
  const std::string none = (folder / "none/c.csv").string();
  EXPECT_ERROR(Corrections(none).require_usable(4), Error,
               none + ": cannot be made: No such file or directory; name another with `corrections`");
  EXPECT_THROW(Corrections(folder.path()).require_usable(4), Error);
  EXPECT_ERROR(Corrections("/dev/null").require_usable(4), Error,
               "/dev/null: is not a file; name another with `corrections`");
}

TEST(Corrections, HaveOneHeaderOfManyServers) {
  const test::TempFolder folder;
  {
    std::vector<std::jthread> servers;
    for (int i = 0; i < 8; ++i) {
      servers.emplace_back([&, i] {
        for (int k = 0; k < 20; ++k) Corrections(folder / "c.csv").add(i, {1, 2, 3, 4});
      });
    }
  }
  const std::string text = test::read_text(folder / "c.csv");
  EXPECT_EQ(text.find("label", 1), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 161);
}

TEST(Corrections, DoNotFillTheDisk) {
  const test::TempFolder folder;
  Corrections corrections(folder / "c.csv", row_form({}), /*max_bytes=*/70);
  for (int i = 0; i < 2; ++i) corrections.add(3, {0, 255, 7, 8});
  const std::string before = test::read_text(folder / "c.csv");
  try {
    for (int i = 0; i < 3; ++i) corrections.add(3, {100, 100, 100, 100});
    FAIL() << "no bound";
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, 507);
  }
  EXPECT_LE(test::read_text(folder / "c.csv").size(), 70U);
  EXPECT_TRUE(test::read_text(folder / "c.csv").starts_with(before));
}

TEST(Corrections, AreTakenBack) {
  const test::TempFolder folder;
  Corrections corrections(folder / "c.csv");
  const std::string first = corrections.add(3, {0, 255, 7, 8});
  const std::string one_row = test::read_text(folder / "c.csv");
  const std::string second = corrections.add(4, {0, 0, 7, 8});
  const auto refused = [&](const std::string& word) {
    try {
      corrections.take_back(word);
      return 0;
    } catch (const Refusal& refusal) {
      return refusal.status;
    }
  };
  EXPECT_EQ(refused("none"), 404);
  EXPECT_EQ(refused(first), 409);  // is not the last
  EXPECT_EQ(refused(second), 0);
  EXPECT_EQ(test::read_text(folder / "c.csv"), one_row);
  EXPECT_EQ(refused(second), 404);
  Corrections(folder / "c.csv").add(5, {1, 1, 1, 1});  // another server
  EXPECT_EQ(refused(first), 409);
  const std::string third = corrections.add(6, {2, 2, 2, 2});
  EXPECT_EQ(refused(third), 0);
  EXPECT_TRUE(test::read_text(folder / "c.csv").ends_with("\n3,0,255,7,8\n5,1,1,1,1\n"));
}

}  // namespace
}  // namespace digitrec::serve
