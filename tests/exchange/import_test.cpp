#include "exchange/import.h"

#include "checkpoint/contents.h"
#include "checkpoint/safetensors.h"
#include "support.h"
#include "support_run.h"

namespace digitrec {
namespace {

using test::TempFolder;

/// The tensors of a new network under other names, and what is expected of the import.
class Import : public testing::Test {
 protected:
  Import() : network_(build_model("cnn", {.classes = 26})) {
    for (const auto& [name, tensor] : network_state(*network_)) contents_.tensors[name] = tensor;
  }

  std::filesystem::path write() const {
    write_safetensors(folder_ / "w.safetensors", contents_);
    return folder_ / "w.safetensors";
  }
  /// Without a checksum, as other programs write it.
  std::filesystem::path write_foreign() const {
    std::string bytes = test::read_text(write());
    const size_t at = bytes.find("\"checksum\"");
    bytes.replace(at, 10, "\"checkSum\"");
    return folder_.write("foreign.safetensors", bytes);
  }

  /// The same answers as the network itself.
  void expect_same(const Imported& imported, double tolerance = 0) const {
    at::NoGradGuard no_grad;
    network_->eval();
    const at::Tensor x = torch::rand({4, 1, 28, 28});
    EXPECT_LE((imported.network.model->forward(x) - network_->forward(x)).abs().max().item<double>(), tolerance);
    EXPECT_FALSE(imported.network.model->is_training());
  }

  TempFolder folder_;
  std::shared_ptr<Classifier> network_;
  SafeTensors contents_;
};

TEST_F(Import, ReadsWhatAnotherProgramSaved) {
  const auto path = write_foreign();
  const Imported imported = import_weights(path, {.model = "cnn"});
  expect_same(imported);
  EXPECT_EQ(imported.network.info.preset, "cnn");
  EXPECT_EQ(imported.network.info.shape.classes, 26);
  EXPECT_EQ(imported.doubts,
            (std::vector<std::string>{
                path.string() + ": another program saved it: no checksum could be checked",
                path.string() + ": does not say how pixels are normalised: taken to be as MNIST's (0.1307, 0.3081); "
                                "`normalize` says otherwise"}));
  EXPECT_EQ(import_weights(path, {.model = "cnn", .normalization = Normalization{0, 1}}).doubts.size(), 1);
}

TEST_F(Import, ReadsDoublesAsFloats) {
  for (auto& [name, tensor] : contents_.tensors) tensor = tensor.to(at::kDouble);
  expect_same(import_weights(write(), {.model = "cnn"}));
}

TEST_F(Import, TakesACheckpointBackThatPythonChanged) {
  CheckpointInfo info{.preset = "cnn",
                      .shape = {.classes = 26},
                      .normalization = {0.2, 0.4},
                      .metrics = {{"val_accuracy", 0.98}},
                      .data = "print",
                      .settings = "reframe = true\n"};
  for (int64_t i = 0; i < 26; ++i) info.classes.names.push_back(std::string(1, static_cast<char>('a' + i)));
  save_checkpoint(folder_ / "c.safetensors", *network_, info);
  // Untouched.
  Imported imported = import_weights(folder_ / "c.safetensors", {});
  expect_same(imported);
  EXPECT_EQ(imported.doubts, std::vector<std::string>{});
  EXPECT_EQ(imported.network.info.metrics, info.metrics);
  // With other weights and the old metadata, checksum and all.
  std::string bytes = test::read_text(folder_ / "c.safetensors");
  bytes.replace(bytes.size() - 4, 4, 4, '\0');
  const auto altered = folder_.write("altered.safetensors", bytes);
  imported = import_weights(altered, {});
  EXPECT_EQ(imported.doubts, std::vector<std::string>{altered.string() +
                                                      ": its checksum is of other tensors: another program changed it "
                                                      "since, or it is damaged"});
  EXPECT_EQ(imported.network.info.normalization.mean, 0.2);
  EXPECT_EQ(imported.network.info.classes, info.classes);
  EXPECT_EQ(imported.network.info.data, "print");
  EXPECT_TRUE(imported.network.info.metrics.empty());  // they are of the weights before
  EXPECT_ERROR(import_weights(altered, {.model = "mlp"}), UsageError,
               "`model` mlp: " + altered.string() + " says that it is a cnn; leave it out");
}

TEST_F(Import, NamesTheClasses) {
  std::string names;
  for (char name = 'z'; name >= 'a'; --name) names += std::string(1, name) + "\n";
  Imported imported = import_weights(write(), {.model = "cnn", .class_names = folder_.write("names.txt", names)});
  EXPECT_EQ(imported.network.info.classes.name(0), "z");
  names.clear();
  for (int i = 26; i > 0; --i) names += std::to_string(i) + "," + static_cast<char>('a' + i - 1) + "\n";
  imported = import_weights(write(), {.model = "cnn", .class_names = folder_.write("labels.txt", names)});
  EXPECT_EQ(imported.network.info.classes.name(0), "a");
  EXPECT_EQ(imported.network.info.classes.labels.front(), 1);
  const auto few = folder_.write("few.txt", "a\nb\n");
  EXPECT_ERROR(import_weights(write(), {.model = "cnn", .class_names = few}), Error,
               few.string() + ": 2 names for the network's 26 classes");
}

TEST_F(Import, NeedsToKnowTheModel) {
  const auto path = write();
  EXPECT_ERROR(import_weights(path, {}), UsageError,
               path.string() +
                   ": does not say of which model its weights are; name it with `model`; digitrec models lists them");
  EXPECT_ERROR(import_weights(path, {.model = "cnn-bm"}), UsageError, "unknown model 'cnn-bm'; did you mean 'cnn-bn'?");
}

TEST_F(Import, RefusesOtherTensors) {
  const auto path = folder_ / "w.safetensors";
  const auto expect_refused = [&](const std::string& what) {
    EXPECT_ERROR(import_weights(write(), {.model = "cnn"}), UnfitWeights,
                 path.string() + ": not the tensors of cnn: " + what + "; digitrec models lists the layers of each");
  };
  const SafeTensors whole = contents_;
  contents_.tensors.erase("conv1.bias");
  expect_refused("1 missing (conv1.bias)");
  contents_ = whole;
  contents_.tensors["x"] = contents_.tensors["y"] = contents_.tensors["z"] = contents_.tensors["zz"] =
      torch::zeros({1});
  expect_refused("4 too many (x, y, z, 1 more)");
  contents_ = whole;
  contents_.tensors["fc1.weight"] = torch::zeros({128, 3136});
  expect_refused("1 of another shape (fc1.weight)");
  contents_ = whole;
  contents_.tensors["conv1.bias"] = torch::full({32}, NAN);
  EXPECT_ERROR(import_weights(write(), {.model = "cnn"}), Error,
               path.string() + ": its tensor 'conv1.bias' has values that are not finite");
}

TEST_F(Import, RefusesWhatIsNoFileOfWeights) {
  const auto file = folder_.write("x.h5", "\x89HDF\r\n\x1a\n and so on");
  EXPECT_TRUE(test::message_of([&] {
                import_weights(file, {.model = "cnn"});
              }).starts_with(file.string() + ": an HDF5 file; expected a .safetensors"));
}

}  // namespace
}  // namespace digitrec
