// Reading and writing when system calls fail: any call, once or from then on.
#include "core/atomic_file.h"
#include "core/file.h"
#include "data/csv.h"
#include "data/idx.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"
#include "digitrec/train/config.h"
#include "image/image_file.h"
#include "support.h"
#include "support_files.h"
#include "support_run.h"

#include <atomic>
#include <cerrno>
#include <functional>
#include <thread>

namespace digitrec {
namespace {

using test::FailingFiles;
using test::TempFolder;

struct Work {
  const char* name;
  /// Works in the folder and returns a result to compare.
  std::function<std::string(const TempFolder&)> run;

  friend void PrintTo(const Work& work, std::ostream* out) { *out << work.name; }
};

std::string pixels_of(const Dataset& dataset) {
  const torch::Tensor images = dataset.images.contiguous();
  return {reinterpret_cast<const char*>(images.const_data_ptr<uint8_t>()), static_cast<size_t>(images.numel())};
}

class Faults : public testing::TestWithParam<Work> {};

TEST_P(Faults, EndInAnErrorOrInTheWholeResult) {
  const TempFolder folder;
  folder.write("f.csv", test::tiny_csv(300));
  folder.write("f.csv.gz", test::gzip(test::tiny_csv(300)));
  folder.write("images", test::idx_images(2, 2, 2, "abcdefgh"));
  folder.write("labels", test::idx_labels(2, std::string_view("\0\1", 2)));
  folder.write("f.toml", "epochs = 7\n");
  save_checkpoint(folder / "c.safetensors", *build_model("mlp-128", {}), {.preset = "mlp-128"});
  const FailingFiles none;
  const std::string expected = GetParam().run(folder);
  const int calls = none.calls();
  ASSERT_GT(calls, 1);
  for (const auto how : {FailingFiles::How::once, FailingFiles::How::from_then_on}) {
    for (int nth = 1; nth <= calls; ++nth) {
      const FailingFiles failing(nth, how, nth % 2 == 0 ? EIO : EACCES);
      try {
        EXPECT_EQ(GetParam().run(folder), expected) << "call " << nth;
      } catch (const Error& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with(folder.path().string())) << error.what();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, Faults,
    testing::Values(
        Work{"Csv", [](const TempFolder& f) { return pixels_of(read_csv(f / "f.csv", Labels::required)); }},
        Work{"PackedCsv", [](const TempFolder& f) { return pixels_of(read_csv(f / "f.csv.gz", Labels::required)); }},
        Work{"Idx", [](const TempFolder& f) { return pixels_of(read_idx(f / "images", f / "labels")); }},
        Work{"Checkpoint", [](const TempFolder& f) { return test::load_network(f / "c.safetensors").info.preset; }},
        Work{"Config",
             [](const TempFolder& f) {
               TrainConfig config;
               try {
                 apply_config_file(config, f / "f.toml");
               } catch (const UsageError& error) {
                 throw Error(error.what());
               }
               return std::to_string(config.epochs);
             }}),
    [](const testing::TestParamInfo<Work>& work) { return std::string(work.param.name); });

TEST(ReadFile, GivesTheOldOrTheNewFileWhileItIsReplaced) {
  const TempFolder folder;
  const std::string old_text(300'000, 'a');
  const std::string new_text(200'000, 'b');
  write_file(folder / "f", old_text);
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (int i = 0; i < 100; ++i) write_file(folder / "f", i % 2 == 0 ? new_text : old_text);
    is_done = true;
  });
  int reads = 0;
  while (!is_done || reads == 0) {
    const std::string text = read_file(folder / "f", 1 << 20);
    EXPECT_TRUE(text == old_text || text == new_text);
    ++reads;
  }
  writer.join();
}

}  // namespace
}  // namespace digitrec
