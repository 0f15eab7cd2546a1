#include "run/folder.h"

#include "checkpoint/contents.h"
#include "digitrec/core/error.h"
#include "support.h"
#include "support_files.h"
#include "support_run.h"

#include <cerrno>
#include <memory>
#include <set>
#include <thread>

namespace digitrec {
namespace {

using test::FailingFiles;
using test::TempFolder;

/// The state after `epoch` epochs, with a tensor that tells it from others.
TrainingFiles files_of(int64_t epoch) {
  at::manual_seed(static_cast<uint64_t>(epoch));
  TrainingFiles files;
  files.network = checkpoint_contents(*build_model("mlp-128", {}),
                                      {.preset = "mlp-128", .metrics = {{"epoch", static_cast<double>(epoch)}}});
  files.is_best = true;
  files.epochs.resize(static_cast<size_t>(epoch));
  files.state.put_integer("epoch", epoch);
  return files;
}

TEST(RunFolder, HasTheOldOrTheNewCheckpointWhateverCallFails) {
  int calls = 0;
  {
    const TempFolder folder;
    RunFolder run(folder / "run", {}, Start::fresh);
    run.save(files_of(1));
    run.wait();
    const FailingFiles count;
    run.save(files_of(2));
    run.wait();
    calls = count.calls();
  }
  ASSERT_GT(calls, 20);
  for (const auto how : {FailingFiles::How::once, FailingFiles::How::from_then_on}) {
    for (int nth = 1; nth <= calls; ++nth) {
      const TempFolder folder;
      bool failed = false;
      {
        RunFolder run(folder / "run", {}, Start::fresh);
        run.save(files_of(1));
        run.wait();
        const FailingFiles failing(nth, how, nth % 2 == 0 ? EIO : ENOSPC);
        try {
          run.save(files_of(2));
          run.wait();
        } catch (const Error&) {
          failed = true;
        }
      }
      RunFolder run(folder / "run", {}, Start::resumed);
      const auto state = load_state(run.paths());
      ASSERT_TRUE(state);
      const int64_t epoch = state->value.integer("epoch");
      EXPECT_TRUE((epoch == 1 && failed) || epoch == 2) << "call " << nth;
      EXPECT_EQ(run.restore(*state, epoch), epoch) << "call " << nth;
      EXPECT_EQ(test::load_network(run.paths().best()).info.metrics.at("epoch"), static_cast<double>(epoch))
          << "call " << nth;
      const double last = test::load_network(run.paths().last()).info.metrics.at("epoch");
      EXPECT_TRUE(last == 1 || last == 2) << "call " << nth;
      for (const std::string& entry : folder.entries()) EXPECT_FALSE(entry.ends_with(".tmp")) << entry;
    }
  }
}

TEST(RunFolder, TouchesNothingThatAnotherRunIsWriting) {
  const TempFolder folder;
  const RunFolder run(folder / "run", {}, Start::fresh);
  folder.write("run/.state.safetensors.0123456789abcdef.tmp", "half of it");
  const std::vector<std::string> before = folder.entries();
  for (const Start start : {Start::fresh, Start::resumed}) {
    EXPECT_ERROR(RunFolder(folder / "run", {}, start), Error,
                 (folder / "run").string() + ": another program is training there; wait until it is done");
  }
  EXPECT_EQ(folder.entries(), before);
}

TEST(RunFolder, TouchesNothingInAFolderThatItRefuses) {
  const TempFolder folder;
  for (const char* name : {"thesis.2026.tmp", "submission.csv.77.tmp", ".config.toml.0123456789abcdef.tmp"})
    folder.write(name, "text");
  std::filesystem::create_directory(folder / "empty.1.tmp");
  std::filesystem::create_symlink("thesis.2026.tmp", folder / "link.2.tmp");
  const std::vector<std::string> before = folder.entries();
  EXPECT_ERROR(RunFolder(folder.path(), {}, Start::fresh), Error,
               folder.path().string() + ": already exists and is not empty; choose another `out` or remove it");
  EXPECT_EQ(folder.entries(), before);
}

TEST(RunFolder, RemovesOnlyItsOwnFilesWhenNothingWasTrained) {
  const TempFolder folder;
  {
    const RunFolder run(folder / "runs/a", {}, Start::fresh);
    folder.write("runs/a/notes.txt", "of the user");
  }
  EXPECT_EQ(folder.entries(), (std::vector<std::string>{"runs", "runs/a", "runs/a/notes.txt"}));
}

TEST(RunFolder, TakesANameOfItsOwnWhereSeveralBeginAtOnce) {
  const TempFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  constexpr int kRuns = 8;
  std::vector<std::unique_ptr<RunFolder>> runs(kRuns);
  std::vector<std::thread> threads;
  for (auto& run : runs)
    threads.emplace_back([&run] { run = std::make_unique<RunFolder>(RunPaths(), TrainConfig{}, Start::fresh); });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> names;
  for (const auto& run : runs) {
    names.insert(run->paths().name());
    EXPECT_TRUE(run->paths().name().starts_with("runs/cnn-2")) << run->paths().name();
    EXPECT_NE(test::read_text(run->paths().config()).find("\nout = \"" + run->paths().name() + "\"\n"),
              std::string::npos);
  }
  EXPECT_EQ(names.size(), kRuns);
  runs.clear();
  std::filesystem::current_path(before);
  // The first to go may be the one that made runs/, while others lie in it.
  EXPECT_TRUE(!std::filesystem::exists(folder / "runs") || std::filesystem::is_empty(folder / "runs"));
}

TEST(RunFolder, CanBeResumedOrIsGoneWhateverCallOfTheFirstSaveFails) {
  for (int nth = 1; nth <= 90; ++nth) {
    const TempFolder folder;
    {
      const FailingFiles failing(nth, FailingFiles::How::from_then_on, ENOSPC);
      try {
        RunFolder run(folder / "run", {}, Start::fresh);
        run.save({.is_start = true});  // as a Trainer does
        run.save(files_of(1));
        run.wait();
      } catch (const Error&) {
      }
    }
    // At most the empty folder is left.
    if (folder.entries().empty() || folder.entries() == std::vector<std::string>{"run"}) continue;
    RunFolder run(folder / "run", {}, Start::resumed);
    EXPECT_NO_THROW(load_state(run.paths())) << "call " << nth;
    EXPECT_NO_THROW(test::load_network(run.paths().last())) << "call " << nth;
  }
}

}  // namespace
}  // namespace digitrec
