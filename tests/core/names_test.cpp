#include "core/names.h"

#include <gtest/gtest.h>

namespace digitrec {
namespace {

const std::vector<std::string> kNames{"train", "eval", "predict", "cnn-bn"};

TEST(NearestName, FindsAMisspelling) {
  EXPECT_EQ(nearest_name("trian", kNames), "train");
  EXPECT_EQ(nearest_name("prdict", kNames), "predict");
  EXPECT_EQ(nearest_name("cnnbn", kNames), "cnn-bn");
}

TEST(NearestName, IsEmptyWhenNothingIsClose) {
  EXPECT_EQ(nearest_name("banana", kNames), "");
  EXPECT_EQ(nearest_name(std::string(1000, 'x'), kNames), "");
}

TEST(SuggestName, ListsTheNamesWhenNoneIsClose) {
  EXPECT_EQ(suggest_name("evel", kNames), "; did you mean 'eval'?");
  EXPECT_EQ(suggest_name("banana", kNames), "; expected one of train, eval, predict, cnn-bn");
}

TEST(ShellWord, IsQuotedWhereAShellWouldReadItOtherwise) {
  EXPECT_EQ(shell_word("runs/cnn-2026_1.0"), "runs/cnn-2026_1.0");
  EXPECT_EQ(shell_word("my run"), "'my run'");
  EXPECT_EQ(shell_word("a;$(b)"), "'a;$(b)'");
  EXPECT_EQ(shell_word("~x"), "'~x'");
  EXPECT_EQ(shell_word("it's"), R"('it'\''s')");
  EXPECT_EQ(shell_word("größe"), "größe");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace digitrec
