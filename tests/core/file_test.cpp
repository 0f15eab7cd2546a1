#include "core/file.h"

#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

TEST(AtomicFile, AppearsWholeAndLeavesNothingElse) {
  const TempFolder folder;
  AtomicFile file(folder / "f");
  file.write("hello ");
  EXPECT_FALSE(std::filesystem::exists(folder / "f"));
  file.write("world");
  file.commit();
  EXPECT_EQ(test::read_text(folder / "f"), "hello world");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"f"});
}

TEST(AtomicFile, KeepsTheOldFileWithoutCommit) {
  const TempFolder folder;
  const auto path = folder.write("f", "old");
  {
    AtomicFile(path).write("new");
  }
  EXPECT_EQ(test::read_text(path), "old");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"f"});
}

TEST(AtomicFile, SaysWhyItCannotBeMade) {
  const TempFolder folder;
  EXPECT_ERROR(AtomicFile(folder / "none/f"), Error,
               (folder / "none/f").string() + ": cannot be created: No such file or directory; make its folder first");
  EXPECT_ERROR(AtomicFile(folder.path()), Error,
               folder.path().string() + ": is a folder; expected the name of a file to write");
}

TEST(ReadFile, RefusesMoreThanItsLimit) {
  const TempFolder folder;
  const auto path = folder.write("f", "12345");
  EXPECT_EQ(read_file(path, 5), "12345");
  EXPECT_ERROR(read_file(path, 4), Error, path.string() + ": larger than the 4 bytes this kind of file may have");
}

}  // namespace
}  // namespace digitrec
