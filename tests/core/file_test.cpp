#include "core/file.h"

#include "digitrec/core/error.h"
#include "support.h"

#include <sys/stat.h>

namespace digitrec {
namespace {

using test::TempFolder;

TEST(ReadFile, RefusesMoreThanItsLimit) {
  const TempFolder folder;
  const auto path = folder.write("f", "12345");
  EXPECT_EQ(read_file(path, 5), "12345");
  EXPECT_ERROR(read_file(path, 4), Error, path.string() + ": larger than the 4 bytes this kind of file may have");
}

TEST(ReadRegularFile, DoesNotWaitForAPipe) {
  const TempFolder folder;
  const auto path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_ERROR(read_regular_file(path, 5), Error, path.string() + ": is not a file; name a file");
}

}  // namespace
}  // namespace digitrec
