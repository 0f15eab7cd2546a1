#include "digitrec/infer/predictor.h"

#include "digitrec/core/error.h"
#include "support.h"
#include "support_run.h"

#include <ATen/core/grad_mode.h>

namespace digitrec {
namespace {

using test::TempFolder;

std::filesystem::path save(const TempFolder& folder, const std::string& name, const ModelShape& shape) {
  save_checkpoint(folder / name, *build_model("mlp-128", shape), {.preset = "mlp-128", .shape = shape});
  return folder / name;
}

TEST(Predictor, AveragesTheProbabilitiesOfItsNetworks) {
  const TempFolder folder;
  const auto a = save(folder, "a", {});
  const auto b = save(folder, "b", {});
  const Dataset data = test::random_dataset({0, 1, 2}, 28);
  const torch::Tensor mean = (test::predictor_of({a}).predict(data) + test::predictor_of({b}).predict(data)) / 2;
  const torch::Tensor both = test::predictor_of({a, b}).predict(data);
  EXPECT_TRUE(torch::allclose(both, mean));
  EXPECT_TRUE(torch::allclose(both.sum(1), torch::ones({3})));
}

TEST(Predictor, AveragesTheViewsOfTestTimeAugmentation) {
  const TempFolder folder;
  const auto a = save(folder, "a", {});
  const Dataset data = test::random_dataset(std::vector<int64_t>(300, 0), 28);  // more than one batch
  const std::vector<torch::Tensor> views = test_time_views(data.images);
  EXPECT_TRUE(views.front().equal(data.images));
  Checkpoint network = test::load_network(a);
  torch::Tensor sum = torch::zeros({300, 10});
  for (const torch::Tensor& view : views)
    sum += compute_logits(*network.model, view, network.info.normalization).softmax(1);
  const torch::Tensor expected = sum / static_cast<double>(views.size());
  EXPECT_TRUE(torch::allclose(test::predictor_of({a}, {.tta = true}).predict(data), expected, 1e-5, 1e-6));
}

TEST(Predictor, LooksAtNineViewsOfWhatWasFoundIfTheNetworkLearnedFromVariedDigits) {
  const TempFolder folder;
  const auto model = build_model("mlp-128", {});
  save_checkpoint(folder / "plain", *model, {.preset = "mlp-128", .settings = "reframe = false"});
  save_checkpoint(folder / "varied", *model, {.preset = "mlp-128", .settings = "reframe = true"});
  const Dataset data = test::random_dataset({0, 1, 2}, 28);
  Predictor plain = test::predictor_of({folder / "plain"});
  Predictor varied = test::predictor_of({folder / "varied"});
  EXPECT_TRUE(plain.predict_found(data).equal(plain.predict(data)));
  EXPECT_TRUE(varied.predict(data).equal(plain.predict(data))) << "rows of a table are seen once";
  EXPECT_TRUE(
      torch::allclose(varied.predict_found(data), test::predictor_of({folder / "plain"}, {.tta = true}).predict(data)));
}

TEST(Predictor, DividesLogitsByTheTemperature) {
  const TempFolder folder;
  const CheckpointInfo info{.preset = "mlp-128", .temperature = 2.0};
  save_checkpoint(folder / "a", *build_model("mlp-128", {}), info);
  const Dataset data = test::random_dataset({0, 1, 2}, 28);
  Checkpoint network = test::load_network(folder / "a");
  EXPECT_EQ(network.info.temperature, 2.0);
  const torch::Tensor logits = compute_logits(*network.model, data.images, network.info.normalization);
  EXPECT_TRUE(torch::allclose(test::predictor_of({folder / "a"}).predict(data), (logits / 2).softmax(1)));
}

TEST(Predictor, RefusesAnswersThatAreNoNumbers) {
  const TempFolder folder;
  const auto a = save(folder, "a", {});
  const auto model = build_model("mlp-128", {});
  at::NoGradGuard no_grad;
  for (at::Tensor& weights : model->parameters()) weights.fill_(3e38);  // finite, but no sum of them is
  save_checkpoint(folder / "b", *model, {.preset = "mlp-128"});
  EXPECT_ERROR(test::predictor_of({a, folder / "b"}).predict(test::random_dataset({0, 1}, 28)), Error,
               (folder / "b").string() + ": its probabilities are not finite; train it again, or leave it out");
}

TEST(Predictor, RefusesNetworksOrImagesOfAnotherKind) {
  const TempFolder folder;
  const auto a = save(folder, "a", {});
  const auto b = save(folder, "b", {10, 20});
  EXPECT_ERROR(test::predictor_of({a, b}), Error,
               b.string() + ": has 10 classes and 20 x 20 images, " + a.string() +
                   " has 10 and 28 x 28; name checkpoints of the same data");
  EXPECT_ERROR(test::predictor_of({a}).predict(test::random_dataset({0}, 20)), Error,
               "random: images of 20 x 20, the checkpoint takes 28 x 28; use data of the size it was trained on");
}

}  // namespace
}  // namespace digitrec
