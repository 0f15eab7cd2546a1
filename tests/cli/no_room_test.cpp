// What the program does without room: on a full or read-only disk, with a limit to a file's size, with too little
// memory. One line, an exit code, and nothing half-written.
#include "digitrec/checkpoint/checkpoint.h"
#include "support.h"

#include <spdlog/fmt/fmt.h>

#include <sys/mount.h>

namespace digitrec {
namespace {

using test::ProgramResult;
using test::run_digitrec;
using test::TempFolder;

/// A disk in memory, mounted as long as it lives.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path path, const char* options) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    is_there_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, options) == 0;
  }
  ~SmallDisk() {
    if (is_there_) umount(path_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_there() const { return is_there_; }
  bool make_read_only() const { return mount("", path_.c_str(), "", MS_REMOUNT | MS_RDONLY, nullptr) == 0; }

 private:
  std::filesystem::path path_;
  bool is_there_ = false;
};

TEST(NoRoom, FullDiskEndsWithOneLineAndNoRunFolder) {
  const TempFolder folder;
  folder.write("good.csv", test::tiny_csv(30));
  const SmallDisk disk(folder / "disk", "size=4k");
  if (!disk.is_there()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  folder.write("disk/filler", std::string(4096, 'x'));
  const ProgramResult result = run_digitrec("train --model mlp --data good.csv --out disk/run", folder.path());
  const std::vector<std::string> left = folder.entries();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.err.ends_with(
      "digitrec: disk/run/config.toml: cannot be written: No space left on device; free some space "
      "or choose another place\n"))
      << result.err;
  EXPECT_EQ(left, (std::vector<std::string>{"disk", "disk/filler", "good.csv"}));
}

TEST(NoRoom, TooSmallAFileLimitForACheckpointLeavesNoRunFolder) {
  const TempFolder folder;
  folder.write("good.csv", test::tiny_csv(30));
  // Enough for config.toml, not for the state of 235,000 weights.
  const ProgramResult result =
      run_digitrec("train --model mlp --data good.csv --out runs/run", folder.path(), "ulimit -f 8;");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(
      result.err.find("digitrec: runs/run/state.safetensors: cannot be written: File too large; free some space or "
                      "choose another place\n"),
      std::string::npos)
      << result.err;
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"good.csv"});
}

TEST(NoRoom, FolderThatCannotBeWrittenIsNamed) {
  const TempFolder folder;
  folder.write("good.csv", test::tiny_csv(30));
  // /proc takes no files, even root's.
  const ProgramResult result = run_digitrec("train --model mlp --data good.csv --out /proc/self", folder.path());
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.err.ends_with(
      "digitrec: /proc/self: already exists and is not empty; choose another --out or remove it\n"))
      << result.err;
}

TEST(NoRoom, FileSizeLimitLeavesNoHalfSubmission) {
  const TempFolder folder;
  save_checkpoint(folder / "c", *build_model("mlp-128", {3, 2}), {.preset = "mlp-128", .shape = {3, 2}});
  folder.write("good.csv", test::tiny_csv(3000));
  // 4 KiB a file, less than the submission needs.
  const ProgramResult result =
      run_digitrec("predict --checkpoint c --input good.csv --out s.csv", folder.path(), "ulimit -f 4;");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(
      result.err.find("digitrec: s.csv: cannot be written: File too large; free some space or choose another place\n"),
      std::string::npos)
      << result.err;
  EXPECT_EQ(folder.entries(), (std::vector<std::string>{"c", "good.csv"}));
}

TEST(NoRoom, ReadOnlyDiskIsNamedAndARunOnItStillEvaluates) {
  const TempFolder folder;
  folder.write("good.csv", test::tiny_csv(30));
  const SmallDisk disk(folder / "disk", "size=8m");
  if (!disk.is_there()) GTEST_SKIP() << "needs the right to mount a tmpfs";
  const std::string flags = " --data good.csv --limit 20";
  ASSERT_EQ(run_digitrec("train --model mlp-128 --epochs 1 --out disk/run" + flags, folder.path()).exit_code, 0);
  ASSERT_TRUE(disk.make_read_only());
  const ProgramResult trained = run_digitrec("train --model mlp-128 --out disk/other" + flags, folder.path());
  EXPECT_EQ(trained.exit_code, 1);
  EXPECT_TRUE(
      trained.err.ends_with("digitrec: disk/other: cannot be made: Read-only file system; choose another --out\n"))
      << trained.err;
  const ProgramResult resumed = run_digitrec("train --resume disk/run --epochs 2", folder.path());
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_NE(resumed.err.find("Read-only file system"), std::string::npos) << resumed.err;
  EXPECT_EQ(run_digitrec("eval --checkpoint disk/run --data good.csv", folder.path()).exit_code, 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which need terabytes of addresses
TEST(NoRoom, TooLittleMemoryEndsWithOneLineAndNoRunFolder) {
  const TempFolder folder;
  folder.write("good.csv", test::tiny_csv(200'000));
  constexpr int kStep = 5'000;  // KiB, less than a thread's stack, whose lack is a case of its own
  const auto limit = [](int kib) { return fmt::format("ulimit -c 0; ulimit -v {};", kib); };
  int min_kib = 200'000;  // with which LibTorch is loaded at all
  while (run_digitrec("--version", folder.path(), limit(min_kib)).exit_code != 0) {
    min_kib += kStep;
    if (min_kib > 2'000'000) GTEST_SKIP() << "LibTorch takes more memory than this test looks for";
  }
  int refused = 0;
  for (int kib = min_kib; kib < min_kib + 40 * kStep; kib += kStep) {
    const ProgramResult result =
        run_digitrec("train --model mlp-128 --epochs 1 --data good.csv --out run", folder.path(), limit(kib));
    if (result.exit_code == 0) break;
    ++refused;
    EXPECT_EQ(result.exit_code, 1) << kib << " KiB: " << result.err;
    const size_t line = result.err.find("digitrec: ");
    ASSERT_NE(line, std::string::npos) << kib << " KiB: " << result.err;
    EXPECT_TRUE(result.err.substr(line).starts_with("digitrec: out of memory")) << kib << " KiB: " << result.err;
    EXPECT_EQ(result.err.find('\n', line), result.err.size() - 1) << result.err;
    EXPECT_EQ(folder.entries(), std::vector<std::string>{"good.csv"});
  }
  EXPECT_GE(refused, 1);
}
#endif

}  // namespace
}  // namespace digitrec
