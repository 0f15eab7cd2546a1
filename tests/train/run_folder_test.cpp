#include "train/run_folder.h"

#include "digitrec/core/error.h"
#include "support.h"
#include "support_files.h"

#include <cerrno>

namespace digitrec {
namespace {

using test::FailingFiles;
using test::TempFolder;

/// The state after `epoch` epochs, with a tensor that tells it from others.
RunFiles files_of(int64_t epoch) {
  at::manual_seed(static_cast<uint64_t>(epoch));
  RunFiles files;
  files.network = checkpoint_contents(*build_model("mlp-128", {}),
                                      {.preset = "mlp-128", .metrics = {{"epoch", static_cast<double>(epoch)}}});
  files.is_best = true;
  files.metrics = std::to_string(epoch) + "\n";
  files.state.put_integer("epoch", epoch);
  return files;
}

TEST(RunFolder, HasTheOldOrTheNewCheckpointWhateverCallFails) {
  int calls = 0;
  {
    const TempFolder folder;
    RunFolder run(folder / "run", {}, Start::anew);
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
        RunFolder run(folder / "run", {}, Start::anew);
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
      std::string damage;
      const int64_t epoch = run.load_state(damage)->integer("epoch");
      EXPECT_TRUE((epoch == 1 && failed) || epoch == 2) << "call " << nth;
      EXPECT_EQ(run.restore_best(epoch), epoch) << "call " << nth;
      EXPECT_EQ(load_checkpoint(run.best()).info.metrics.at("epoch"), static_cast<double>(epoch)) << "call " << nth;
      const double last = load_checkpoint(run.last()).info.metrics.at("epoch");
      EXPECT_TRUE(last == 1 || last == 2) << "call " << nth;
      for (const std::string& entry : folder.entries()) EXPECT_FALSE(entry.ends_with(".tmp")) << entry;
    }
  }
}

TEST(RunFolder, CanBeResumedOrIsGoneWhateverCallOfTheFirstSaveFails) {
  for (int nth = 1; nth <= 70; ++nth) {
    const TempFolder folder;
    {
      const FailingFiles failing(nth, FailingFiles::How::from_then_on, ENOSPC);
      try {
        RunFolder run(folder / "run", {}, Start::anew);
        run.save(files_of(1));
        run.wait();
      } catch (const Error&) {
      }
    }
    // At most the empty folder is left.
    if (folder.entries().empty() || folder.entries() == std::vector<std::string>{"run"}) continue;
    RunFolder run(folder / "run", {}, Start::resumed);
    std::string damage;
    EXPECT_NO_THROW(run.load_state(damage)) << "call " << nth;
    EXPECT_NO_THROW(load_checkpoint(run.last())) << "call " << nth;
  }
}

}  // namespace
}  // namespace digitrec
