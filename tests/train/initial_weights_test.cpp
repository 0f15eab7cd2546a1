#include "train/initial_weights.h"

#include "checkpoint/contents.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"
#include "support.h"
#include "support_run.h"
#include "synth/synth.h"

namespace digitrec {
namespace {

using test::expect_same_run;
using test::stop_after;
using test::TempFolder;
using test::train_one;

/// A checkpoint of that preset whose batch normalisations have seen images, and what to train from it.
TrainConfig config_from(const TempFolder& folder, const std::string& preset, int64_t classes = 10) {
  const ModelShape shape{.classes = classes};
  const auto network = build_model(preset, shape);
  network->train();
  network->forward(torch::rand({16, 1, 28, 28}));
  save_checkpoint(folder / "init.safetensors", *network, {.preset = preset, .shape = shape});
  TrainConfig config;
  config.model = preset;
  config.device = "cpu";
  config.epochs = 1;
  config.init = (folder / "init.safetensors").string();
  return config;
}

std::map<std::string, at::Tensor> weights(const std::filesystem::path& path) {
  return network_state(*test::load_network(path).model);
}

TEST(InitialWeights, AreAllOfTheCheckpoint) {
  const TempFolder folder;
  const TrainConfig config = config_from(folder, "cnn-bn");
  const auto network = build_model("cnn-bn", {});
  EXPECT_EQ(load_initial_weights(config, {}, *network), config.init);
  for (const auto& [name, tensor] : weights(config.init))
    EXPECT_TRUE(tensor.equal(network_state(*network)[name])) << name;
}

TEST(InitialWeights, LeaveTheLastLayerToOtherClasses) {
  const TempFolder folder;
  const TrainConfig config = config_from(folder, "cnn", 26);
  const auto network = build_model("cnn", {});
  const at::Tensor last = network_state(*network)["fc2.weight"].detach().clone();
  EXPECT_EQ(load_initial_weights(config, {}, *network), config.init + ", its last layer of 26 classes anew for 10");
  const auto initial = weights(config.init);
  EXPECT_TRUE(network_state(*network)["fc1.weight"].equal(initial.at("fc1.weight")));
  EXPECT_TRUE(network_state(*network)["fc2.weight"].equal(last));
}

TEST(InitialWeights, AreWhatTrainingBeginsWith) {
  const TempFolder folder;
  TrainConfig config = config_from(folder, "cnn", 26);
  config.optimizer = OptimizerKind::sgd;
  config.lr = 1e-30;  // moves nothing
  config.ensemble = 2;
  std::vector<std::string> initial;
  test::Events events;
  events.on_start = [&](const Member& /*member*/, const TrainStart& start) { initial.push_back(start.initial); };
  test::run(config, draw_synthetic_digits(100, 1), folder / "run", events);
  const std::string line = config.init + ", its last layer of 26 classes anew for 10";
  EXPECT_EQ(initial, (std::vector<std::string>{line, line}));
  const auto begun = weights(config.init);
  auto first = weights(folder / "run/member-01/last.safetensors");
  auto second = weights(folder / "run/member-02/last.safetensors");
  EXPECT_TRUE(first["conv1.weight"].equal(begun.at("conv1.weight")));
  EXPECT_TRUE(second["conv1.weight"].equal(begun.at("conv1.weight")));
  EXPECT_FALSE(first["fc2.weight"].equal(second["fc2.weight"]));  // new, by seeds of their own
}

/// Whether a tensor is of a convolution or its batch normalisation: in cnn-bn bn1 to bn5.
bool is_of_convolution(const std::string& name) {
  return name.starts_with("conv") || (name.starts_with("bn") && name[2] <= '5');
}

TEST(Freeze, KeepsTheConvolutionsAsTheyAre) {
  const TempFolder folder;
  TrainConfig config = config_from(folder, "cnn-bn");
  config.freeze = true;
  config.weight_decay = 0.1;
  config.grad_clip = 1;
  int number = 0;
  for (const Kernels kernels : {Kernels::fused, Kernels::plain}) {
    for (const AverageKind average : {AverageKind::none, AverageKind::ema}) {
      config.kernels = kernels;
      config.average = average;
      config.optimizer = number % 2 == 0 ? OptimizerKind::adamw : OptimizerKind::sgd;
      const std::string run = std::to_string(number++);
      train_one(config, draw_synthetic_digits(400, 1), folder / run);
      auto trained = weights(folder / run / "last.safetensors");
      for (const auto& [name, tensor] : weights(config.init)) {
        if (is_of_convolution(name)) {
          EXPECT_TRUE(tensor.equal(trained[name])) << run << ": " << name;
        } else {
          EXPECT_FALSE(tensor.equal(trained[name])) << run << ": " << name;
        }
      }
    }
  }
}

TEST(Freeze, TrainsAlikeWithOurKernelsAndPlainOnes) {
  const auto network = build_model("cnn-bn", {});
  network->freeze_convolutions();
  network->eval();
  const at::Tensor x = torch::rand({8, 1, 28, 28});
  const at::Tensor expected = network->feature_maps(x).back();
  network->train();
  for (const Kernels kernels : {Kernels::fused, Kernels::plain}) {
    network->set_execution({Precision::fp32, kernels});
    for (const at::Tensor& parameter : network->parameters()) parameter.mutable_grad().reset();
    network->forward(x).sum().backward();
    for (const auto& [name, tensor] : network->named_parameters())
      EXPECT_EQ(tensor.grad().defined(), !is_of_convolution(name)) << name;
    // In training, too, by the running statistics and without dropout.
    at::NoGradGuard no_grad;
    EXPECT_LT((network->feature_maps(x).back() - expected).abs().max().item<double>(), 1e-4);
  }
}

TEST(InitialWeights, AreNotNeededToResume) {
  const TempFolder folder;
  TrainConfig config = config_from(folder, "cnn-bn", 3);
  config.freeze = true;
  config.average = AverageKind::ema;
  config.epochs = 2;
  const Dataset data = draw_synthetic_digits(300, 1);
  train_one(config, data, folder / "whole");
  MemberResult result = train_one(config, data, folder / "run", stop_after(3));
  std::filesystem::remove(config.init);
  config = read_run_config(folder / "run");
  EXPECT_TRUE(config.freeze);
  while (result.reason == StopReason::interrupted)
    result = train_one(config, data, folder / "run", stop_after(3), Start::resumed);
  expect_same_run(folder / "whole", folder / "run");
}

TEST(InitialWeights, AreRefusedWhereTheyDoNotFit) {
  const TempFolder folder;
  TrainConfig config = config_from(folder, "cnn");
  const Dataset data = draw_synthetic_digits(100, 1);
  const auto before = folder.entries();
  const auto expect_refused = [&](const std::string& what) {
    EXPECT_ERROR(train_one(config, data, folder / "run"), UsageError, what);
    EXPECT_EQ(folder.entries(), before);
  };
  config.model = "mlp";
  expect_refused("`init`: " + config.init + " holds a cnn, the model to train is mlp; set `model` to cnn");
  config.model = "cnn";
  config.freeze = true;
  config.init = "";
  expect_refused("`freeze`: new weights would never be trained; name the checkpoint to start from with `init`");
  config.init = (folder / "none.safetensors").string();
  EXPECT_ERROR(train_one(config, data, folder / "run"), Error, config.init + ": no such file; check the path");
  EXPECT_EQ(folder.entries(), before);

  config = config_from(folder, "mlp");
  config.freeze = true;
  expect_refused("`freeze`: model mlp has no convolutions; leave it out");
  config = config_from(folder, "cnn");
  EXPECT_ERROR(
      train_one(config, test::random_dataset(std::vector<int64_t>(40, 1), 20), folder / "run"), UsageError,
      "`init`: the network in " + config.init + " takes images of 28 x 28; the data has 20 x 20; leave `init` out");
}

}  // namespace
}  // namespace digitrec
