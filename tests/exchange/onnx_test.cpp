// ONNX: what the file says is what the networks compute.
#include "checkpoint/contents.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"
#include "exchange/export.h"
#include "exchange/onnx_graph.h"
#include "support.h"
#include "support_run.h"

#include <ATen/core/grad_mode.h>

namespace digitrec {
namespace {

using test::TempFolder;

/// A network with batch normalisations that change something, of pixels normalised in a way of its own.
std::filesystem::path save(const TempFolder& folder, const std::string& name, CheckpointInfo info) {
  const auto model = build_model(info.preset, info.shape);
  at::NoGradGuard no_grad;
  for (auto& [key, tensor] : network_state(*model)) {
    if (key.starts_with("bn") && tensor.is_floating_point()) tensor.uniform_(0.5, 1.5);
  }
  info.normalization = {0.2, 0.4};
  info.temperature = 0.7;
  save_checkpoint(folder / name, *model, info);
  return folder / name;
}

std::vector<std::string> node_names(const onnx::Model& model) {
  std::vector<std::string> names;
  for (const onnx::Node& node : model.nodes) names.push_back(node.name);
  return names;
}

class OnnxPreset : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Presets, OnnxPreset, testing::ValuesIn(preset_names()), test::preset_test_name);

TEST_P(OnnxPreset, GivesThePredictorsProbabilitiesForRawPixels) {
  const TempFolder folder;
  Predictor predictor = test::predictor_of({save(folder, "a", {.preset = GetParam(), .shape = {7, 30}})});
  const OnnxExport exported = export_onnx(predictor);
  EXPECT_LT(exported.difference, 1e-5);
  const Dataset data = test::random_dataset(std::vector<int64_t>(5, 0), 30);
  const torch::Tensor pixels = data.images.unsqueeze(1).to(torch::kFloat);
  const torch::Tensor found = onnx::evaluate(onnx::decode(exported.bytes), pixels);
  EXPECT_TRUE(torch::allclose(found, predictor.predict(data), 1e-4, 1e-5));
}

TEST(Onnx, NamesNodesAndTensorsAsTheNetworkDoes) {
  const TempFolder folder;
  const Predictor cnn = test::predictor_of({save(folder, "a", {.preset = "cnn"})});
  const onnx::Model model = onnx::build_model(cnn);
  EXPECT_EQ(node_names(model),
            (std::vector<std::string>{"scale", "center", "conv1", "conv1.relu", "conv1.pool", "conv2", "conv2.relu",
                                      "conv2.pool", "flatten", "fc1", "fc1.relu", "fc2", "calibrate", "softmax"}));
  EXPECT_EQ(model.nodes[2].inputs, (std::vector<std::string>{"center", "conv1.weight", "conv1.bias"}));
  EXPECT_EQ(model.weights.at("conv2.weight").sizes(), (std::vector<int64_t>{64, 32, 3, 3}));
  EXPECT_EQ(model.input.name, "pixels");
  EXPECT_EQ(model.output.name, "probabilities");
}

TEST(Onnx, PoolsBeforeBatchNormalisationWhereTheNetworkDoesWithItsEpsilon) {
  const TempFolder folder;
  const Predictor fast = test::predictor_of({save(folder, "a", {.preset = "fast"})});
  const onnx::Model model = onnx::build_model(fast);
  EXPECT_EQ(model.nodes[3].name, "conv1.pool");
  EXPECT_EQ(model.nodes[4].name, "bn1");
  EXPECT_EQ(model.nodes[4].attributes.at("epsilon"), onnx::Attribute{1e-5F});
}

TEST(Onnx, GivesTheMeanOfSeveralNetworks) {
  const TempFolder folder;
  Predictor predictor =
      test::predictor_of({save(folder, "a", {.preset = "mlp-128"}), save(folder, "b", {.preset = "cnn"}),
                          save(folder, "c", {.preset = "mlp-128"})});
  const onnx::Model model = onnx::build_model(predictor);
  EXPECT_EQ(model.nodes.back().op, "Mean");
  EXPECT_EQ(model.nodes.back().inputs,
            (std::vector<std::string>{"network1.softmax", "network2.softmax", "network3.softmax"}));
  EXPECT_TRUE(model.weights.contains("network2.conv1.weight"));
  EXPECT_EQ(model.metadata.at("preset"), "mlp-128, cnn, mlp-128");
  EXPECT_LT(export_onnx(predictor).difference, 1e-5);
}

TEST(Onnx, SaysWhatTheClassesAreCalledAndWhatItIs) {
  const TempFolder folder;
  const Predictor predictor = test::predictor_of({save(folder, "a",
                                                       {.preset = "mlp-128",
                                                        .shape = {2, 28},
                                                        .classes = {.labels = {3, 7}, .names = {"Tür", "Rad"}},
                                                        .transpose = true,
                                                        .metrics = {{"val_accuracy", 0.9875}}})});
  const std::map<std::string, std::string> expected{{"class_labels", R"(["3","7"])"},
                                                    {"class_names", R"(["Tür","Rad"])"},
                                                    {"digitrec", version()},
                                                    {"preset", "mlp-128"},
                                                    {"transpose", "true"},
                                                    {"val_accuracy", "0.9875"}};
  EXPECT_EQ(onnx::build_model(predictor).metadata, expected);
}

TEST(Onnx, IsReadAsItWasWritten) {
  const TempFolder folder;
  const onnx::Model model = onnx::build_model(test::predictor_of({save(folder, "a", {.preset = "cnn-bn"})}));
  const onnx::Model read = onnx::decode(onnx::encode(model));
  EXPECT_EQ(node_names(read), node_names(model));
  for (size_t i = 0; i < model.nodes.size(); ++i) {
    EXPECT_EQ(read.nodes[i].op, model.nodes[i].op);
    EXPECT_EQ(read.nodes[i].inputs, model.nodes[i].inputs);
    EXPECT_EQ(read.nodes[i].output, model.nodes[i].output);
    EXPECT_EQ(read.nodes[i].attributes, model.nodes[i].attributes);
  }
  EXPECT_EQ(read.weights.size(), model.weights.size());
  for (const auto& [name, tensor] : model.weights) EXPECT_TRUE(read.weights.at(name).equal(tensor)) << name;
  EXPECT_EQ(read.input.sizes, (std::vector<int64_t>{1, 28, 28}));
  EXPECT_EQ(read.output.sizes, (std::vector<int64_t>{10}));
  EXPECT_EQ(read.metadata, model.metadata);
}

TEST(Onnx, IsRefusedWhenItSaysOtherThanTheNetworks) {
  const TempFolder folder;
  Predictor predictor = test::predictor_of({save(folder, "a", {.preset = "mlp-128"})});
  onnx::Model model = onnx::build_model(predictor);
  model.nodes[1].inputs = {"scale", "scale.factor"};  // centres by another number
  EXPECT_THROW(check_onnx(onnx::encode(model), predictor), Error);
  model.nodes[1].op = "Sin";
  EXPECT_ERROR(check_onnx(onnx::encode(model), predictor), Error, "ONNX: node 'center': operator Sin");
  model.nodes[1] = {.op = "Sub", .name = "center", .inputs = {"scale", "none"}, .output = "center"};
  EXPECT_ERROR(check_onnx(onnx::encode(model), predictor), Error, "ONNX: nothing computes 'none'");
  model.nodes[1].inputs = {"scale"};
  EXPECT_ERROR(check_onnx(onnx::encode(model), predictor), Error, "ONNX: node 'center': 1 inputs, expected 2");
  const std::string bytes = export_onnx(predictor).bytes;
  EXPECT_ERROR(check_onnx(bytes.substr(0, bytes.size() / 2), predictor), Error,
               "ONNX: the file is damaged: end of buffer exception");
}

TEST(Onnx, HoldsTwoGigabytes) {
  onnx::require_room(2'000'000'000);
  EXPECT_ERROR(onnx::require_room(2'200'000'000), Error,
               "the networks' weights take 2.2 GB; a file of ONNX holds 2; export fewer of them");
}

}  // namespace
}  // namespace digitrec
