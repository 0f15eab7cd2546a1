#include "core/atomic_file.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"
#include "support.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

using test::read_text;
using test::TempFolder;

/// Runs each test as it is and on a file system without unnamed files, where a temporary file has its name from the
/// beginning.
class AtomicFiles : public testing::TestWithParam<bool> {
 protected:
  AtomicFiles() : real_(file_calls()) {
    if (!GetParam()) return;
    file_calls().open = [this](const char* path, int flags, mode_t mode) {
      if ((flags & O_TMPFILE) != O_TMPFILE) return real_.open(path, flags, mode);
      errno = EOPNOTSUPP;
      return -1;
    };
  }
  ~AtomicFiles() override { file_calls() = real_; }

  FileCalls real_;
};

INSTANTIATE_TEST_SUITE_P(AtomicFile, AtomicFiles, testing::Bool(),
                         [](const auto& named) { return std::string(named.param ? "Named" : "Unnamed"); });

TEST_P(AtomicFiles, AppearsWholeAndLeavesNothingElse) {
  const TempFolder folder;
  AtomicFile file(folder / "f");
  file.write("hello ");
  EXPECT_FALSE(fs::exists(folder / "f"));
  file.write("world");
  file.commit();
  EXPECT_EQ(read_text(folder / "f"), "hello world");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"f"});
}

TEST_P(AtomicFiles, KeepsTheOldFileWithoutCommit) {
  const TempFolder folder;
  const auto path = folder.write("f", "old");
  {
    AtomicFile(path).write("new");
  }
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"f"});
}

TEST_P(AtomicFiles, KeepsThePermissionsOfTheFileItReplaces) {
  const TempFolder folder;
  const auto path = folder.write("f", "old");
  for (const mode_t mode : {0600U, 0664U, 0755U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    write_file(path, "new");
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, mode);
  }
}

TEST_P(AtomicFiles, ReplacesWhereALinkLeads) {
  const TempFolder folder;
  fs::create_directory(folder / "elsewhere");
  folder.write("elsewhere/old", "old");
  fs::create_symlink("elsewhere/old", folder / "there");
  fs::create_symlink("elsewhere/new", folder / "not_yet");  // leads to nothing
  fs::create_symlink("not_yet", folder / "twice");
  write_file(folder / "there", "a");
  write_file(folder / "twice", "b");
  EXPECT_EQ(read_text(folder / "elsewhere/old"), "a");
  EXPECT_EQ(read_text(folder / "elsewhere/new"), "b");
  EXPECT_EQ(folder.entries(),
            (std::vector<std::string>{"elsewhere", "elsewhere/new", "elsewhere/old", "not_yet", "there", "twice"}));
  for (const char* link : {"there", "not_yet", "twice"}) EXPECT_TRUE(fs::is_symlink(folder / link)) << link;
}

TEST_P(AtomicFiles, WritesThroughNoPlantedLink) {
  const TempFolder folder;
  const auto victim = folder.write("victim", "precious");
  // What the name of the temporary file was made of once, and so could be known.
  fs::create_symlink(victim, folder / fmt::format("f.{}.tmp", ::getpid()));
  write_file(folder / "f", "new");
  EXPECT_EQ(read_text(victim), "precious");
}

TEST_P(AtomicFiles, TakesTheLongestName) {
  const TempFolder folder;
  const std::string name(255, 'n');
  write_file(folder / name, "text");
  EXPECT_EQ(read_text(folder / name), "text");
}

TEST_P(AtomicFiles, WritesIntoADescriptorThatIsOpen) {
  const TempFolder folder;
  const auto path = folder.write("f", "");
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::write(file, "before ", 7), 7);
  write_file(fmt::format("/dev/fd/{}", file), "between ");
  ASSERT_EQ(::write(file, "after", 5), 5);
  ::close(file);
  EXPECT_EQ(read_text(path), "before between after");
}

TEST_P(AtomicFiles, WritesIntoAPipe) {
  const TempFolder folder;
  const auto path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int end = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  write_file(path, "text");
  std::string text(10, '\0');
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, ::read(end, text.data(), text.size()))));
  ::close(end);
  EXPECT_EQ(text, "text");
  EXPECT_TRUE(fs::is_fifo(path));
}

TEST(AtomicFile, LeavesNothingWhenTheProgramIsKilled) {
  const TempFolder folder;
  if (const Descriptor unnamed(folder.path(), O_WRONLY | O_TMPFILE); !unnamed.is_open())
    GTEST_SKIP() << "this file system has no files without a name";
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(folder / "f");
    file.write("half of it");
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(folder.entries(), std::vector<std::string>{});
}

TEST(AtomicFile, SaysWhyItCannotBeMade) {
  const TempFolder folder;
  EXPECT_ERROR(AtomicFile(folder / "none/f"), Error,
               (folder / "none/f").string() + ": cannot be created: No such file or directory; make its folder first");
  EXPECT_ERROR(AtomicFile(folder.path()), Error,
               folder.path().string() + ": is a folder; expected the name of a file to write");
  fs::create_symlink("circle", folder / "circle");
  EXPECT_ERROR(
      AtomicFile(folder / "circle"), Error,
      (folder / "circle").string() + ": cannot be created: Too many levels of symbolic links; choose another place");
}

TEST(FindTemporaryFiles, TakesNoFileOfAnotherName) {
  const TempFolder folder;
  folder.write(".config.toml.0123456789abcdef.tmp", "");
  for (const char* name :
       {"thesis.2026.tmp", "config.toml.1234.tmp", ".config.toml.2026.tmp", "config.toml",
        ".config.toml.0123456789abcdeX.tmp", ".other.0123456789abcdef.tmp", ".0123456789abcdef.tmp"}) {
    folder.write(name, "");
  }
  fs::create_symlink("config.toml", folder / ".config.toml.1123456789abcdef.tmp");
  fs::create_directory(folder / ".config.toml.2123456789abcdef.tmp");
  EXPECT_EQ(find_temporary_files(folder.path(), {folder / "config.toml"}),
            std::vector<fs::path>{folder / ".config.toml.0123456789abcdef.tmp"});
}

}  // namespace
}  // namespace digitrec
