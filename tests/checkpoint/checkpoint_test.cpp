#include "digitrec/checkpoint/checkpoint.h"

#include "checkpoint/contents.h"
#include "checkpoint/safetensors.h"
#include "core/random.h"
#include "digitrec/core/error.h"
#include "digitrec/infer/predictor.h"
#include "support.h"
#include "support_run.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>

namespace digitrec {
namespace {

using test::TempFolder;

CheckpointInfo info_of(const std::string& preset) {
  return {.preset = preset, .normalization = {0.13, 0.31}, .temperature = 1.5, .metrics = {{"val_accuracy", 0.98}}};
}

TEST(Checkpoint, RebuildsTheNetworkWithItsBuffers) {
  const TempFolder folder;
  for (const std::string& name : preset_names()) {
    const auto model = build_model(name, {});
    model->train();
    model->forward(torch::rand({8, 1, 28, 28}));  // moves the running statistics
    save_checkpoint(folder / name, *model, info_of(name));
    const Checkpoint again = test::load_network(folder / name);
    model->eval();
    at::NoGradGuard no_grad;
    const torch::Tensor x = torch::rand({4, 1, 28, 28});
    EXPECT_TRUE(again.model->forward(x).equal(model->forward(x))) << name;
    EXPECT_FALSE(again.model->is_training());
    EXPECT_EQ(again.info.preset, name);
    EXPECT_EQ(again.info.normalization.mean, 0.13);
    EXPECT_EQ(again.info.temperature, 1.5);
    EXPECT_EQ(again.info.metrics.at("val_accuracy"), 0.98);
  }
}

class BrokenCheckpoint : public testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "c";
    save_checkpoint(path_, *build_model("mlp-128", {}), info_of("mlp-128"));
    contents_ = read_safetensors(path_);
  }
  void expect_refused(const std::string& what, const std::string& hint = "") {
    write_safetensors(path_, contents_);
    EXPECT_ERROR(test::load_network(path_), Error,
                 path_.string() + ": " + what + "; expected a checkpoint that digitrec train wrote" + hint);
  }
  TempFolder folder_;
  std::filesystem::path path_;
  SafeTensors contents_;
};

TEST_F(BrokenCheckpoint, OfAnotherPreset) {
  contents_.metadata["preset"] = "cnn";
  expect_refused("it says preset cnn but lacks its tensor 'conv1.bias'");
}

TEST_F(BrokenCheckpoint, OfAnotherWidth) {
  contents_.metadata["preset"] = "mlp";
  expect_refused("it says preset mlp but its tensor 'fc1.bias' has another shape or type",
                 "; train it again if an earlier version wrote it");
}

TEST_F(BrokenCheckpoint, WithATensorTooMany) {
  contents_.tensors["fc9.weight"] = torch::zeros({1});
  expect_refused("it says preset mlp-128 but has a tensor 'fc9.weight'");
}

TEST_F(BrokenCheckpoint, OfAnUnknownPreset) {
  contents_.metadata["preset"] = "resnet";
  expect_refused("its preset 'resnet' is unknown");
}

TEST_F(BrokenCheckpoint, WithoutMetadata) {
  contents_.metadata.clear();
  expect_refused("its metadata lacks 'preset'");
}

TEST_F(BrokenCheckpoint, WithOddNumbers) {
  contents_.metadata["classes"] = "-3";
  expect_refused("its metadata 'classes' is not a whole number 1 to 1000");
  contents_.metadata["classes"] = "10";
  const std::string normalization = contents_.metadata["normalization"];
  for (const char* odd : {R"({"mean":0.1,"deviation":0})", R"({"mean":0.1,"deviation":1e-300})",
                          R"({"mean":0.1,"deviation":1e300})", R"({"mean":1e300,"deviation":0.3})"}) {
    contents_.metadata["normalization"] = odd;
    expect_refused("its normalization is out of range, mean -1000 to 1000 and deviation 1e-08 to 1000");
  }
  contents_.metadata["normalization"] = normalization;
  for (const char* odd : {"0", "1e-300", "1e300", "-1", "null"}) {
    contents_.metadata["temperature"] = odd;
    expect_refused("its metadata 'temperature' is not a number 0.01 to 100");
  }
}

TEST_F(BrokenCheckpoint, WithWeightsThatAreNotFinite) {
  for (const double odd : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    contents_.tensors["fc1.bias"][3].fill_(odd);
    expect_refused("its tensor 'fc1.bias' has values that are not finite");
  }
}

TEST_F(BrokenCheckpoint, ThatNamesANumberTwice) {
  contents_.metadata["normalization"] = R"({"mean":0.1,"deviation":0.3,"mean":0.2})";
  expect_refused("its metadata 'normalization' names 'mean' twice");
}

TEST(Checkpoint, IsRefusedWithAnyByteChangedOrCutAnywhere) {
  const TempFolder folder;
  const auto path = folder / "c";
  save_checkpoint(path, *build_model("mlp-128", {}), info_of("mlp-128"));
  const std::string whole = test::read_text(path);
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes = whole;
    if (i % 2 == 0) {
      // Half of them in the header, which is a hundredth of the file.
      const size_t place = random.below(i % 4 == 0 ? 1200 : bytes.size());
      bytes[place] = static_cast<char>(bytes[place] ^ static_cast<char>(1 + random.below(255)));
    } else {
      bytes.resize(random.below(bytes.size()));
    }
    folder.write("c", bytes);
    EXPECT_THROW(test::load_network(path), Error) << "damage " << i;
  }
  folder.write("c", whole);
  EXPECT_NO_THROW(test::load_network(path));
}

/// The file's bytes as Python's save_file would write them: with other metadata, or, where they are null, without.
std::string saved_again(const std::string& bytes, const nlohmann::json& metadata) {
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  auto header = nlohmann::json::parse(bytes.substr(sizeof length, length));
  header.erase("__metadata__");
  if (!metadata.is_null()) header["__metadata__"] = metadata;
  const std::string text = header.dump();
  const uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + bytes.substr(sizeof length + length);
}

TEST(ResavedCheckpoint, WithoutMetadataIsThePresetWithItsTensors) {
  const TempFolder folder;
  const auto path = folder / "c";
  for (const std::string& name : preset_names()) {
    for (const int64_t classes : {10, 3}) {
      const auto model = build_model(name, {.classes = classes});
      save_checkpoint(path, *model, {.preset = name, .shape = {.classes = classes}});
      folder.write("c", saved_again(test::read_text(path), nullptr));
      const Checkpoint again = test::load_network(path);
      EXPECT_EQ(again.info.preset, name);
      EXPECT_EQ(again.info.shape.classes, classes);
      EXPECT_EQ(again.doubt, path.string() + ": no metadata: taken for " + name +
                                 " of MNIST's digits (mean 0.1307, deviation 0.3081); no checksum could be checked");
      EXPECT_TRUE(again.model->parameters().back().equal(model->parameters().back()));
    }
  }
}

TEST(ResavedCheckpoint, WithItsMetadataIsReadWithoutAChecksum) {
  const TempFolder folder;
  const auto path = folder / "c";
  save_checkpoint(path, *build_model("mlp-128", {}), info_of("mlp-128"));
  EXPECT_EQ(test::load_network(path).doubt, "");
  const std::string whole = test::read_text(path);
  nlohmann::json metadata = read_safetensors(path).metadata;  // without the checksum
  folder.write("c", saved_again(whole, metadata));
  const Checkpoint again = test::load_network(path);
  EXPECT_EQ(again.info.normalization.mean, 0.13);
  EXPECT_EQ(again.doubt, path.string() + ": another program saved it: no checksum could be checked");
  metadata["checksun"] = "12345678";
  folder.write("c", saved_again(whole, metadata));
  EXPECT_ERROR(test::load_network(path), Error,
               path.string() +
                   ": it has no checksum; another program wrote it, or it is damaged; expected a "
                   "checkpoint that digitrec train wrote");
}

TEST(ResavedCheckpoint, OfAnotherNetworkIsRefused) {
  const TempFolder folder;
  const auto path = folder / "c";
  save_checkpoint(path, *build_model("mlp-128", {.image_size = 30}), {.preset = "mlp-128"});
  folder.write("c", saved_again(test::read_text(path), nullptr));
  EXPECT_ERROR(test::load_network(path), Error,
               path.string() +
                   ": it has no metadata, and its tensors are those of no preset; expected a checkpoint "
                   "that digitrec train wrote");
}

TEST(Checkpoint, FallsBackToThePreviousOneAndSaysSo) {
  const TempFolder folder;
  const auto path = folder / "best.safetensors";
  const auto model = build_model("mlp-128", {});
  write_safetensors(path, checkpoint_contents(*model, info_of("mlp-128")), Replaced::kept_as_previous);
  write_safetensors(path, checkpoint_contents(*model, info_of("mlp-128")), Replaced::kept_as_previous);
  folder.write("best.safetensors", "torn");
  const Loaded<Checkpoint> loaded = load_checkpoint(path, Fallback::previous);
  EXPECT_EQ(loaded.value.info.preset, "mlp-128");
  EXPECT_EQ(loaded.file, folder / "best.previous.safetensors");
  EXPECT_TRUE(loaded.damage.starts_with(path.string() + ": not a whole checkpoint: ")) << loaded.damage;
  EXPECT_TRUE(loaded.damage.ends_with("; " + loaded.file.string() + " is used instead")) << loaded.damage;
  EXPECT_THROW(load_checkpoint(path, Fallback::none), Error);
  const std::vector<Loaded<Checkpoint>> networks = load_networks({folder.path()});
  ASSERT_EQ(networks.size(), 1U);
  EXPECT_EQ(networks[0].damage, loaded.damage);
  EXPECT_THROW(load_networks({path}), Error);  // a file that was named itself
}

TEST(Checkpoint, NamesAFolderWithoutOne) {
  const TempFolder folder;
  EXPECT_ERROR(load_networks({folder.path()}), Error,
               folder.path().string() + ": no best.safetensors in this folder; name a checkpoint or a run folder");
}

}  // namespace
}  // namespace digitrec
