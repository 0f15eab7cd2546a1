#include "digitrec/infer/predictor.h"

#include "digitrec/core/error.h"
#include "support.h"

namespace digitrec {
namespace {

using test::TempFolder;

std::filesystem::path save(const TempFolder& folder, const std::string& name, const ModelShape& shape) {
  save_checkpoint(folder / name, *build_model("mlp-128", shape), {"mlp-128", shape, {}, {}, ""});
  return folder / name;
}

TEST(Predictor, AveragesTheProbabilitiesOfItsNetworks) {
  const TempFolder folder;
  const auto a = save(folder, "a", {});
  const auto b = save(folder, "b", {});
  const Dataset data = test::random_dataset({0, 1, 2}, 28);
  const torch::Tensor mean = (Predictor({a}, torch::kCPU).predict(data) + Predictor({b}, torch::kCPU).predict(data)) / 2;
  const torch::Tensor both = Predictor({a, b}, torch::kCPU).predict(data);
  EXPECT_TRUE(torch::allclose(both, mean));
  EXPECT_TRUE(torch::allclose(both.sum(1), torch::ones({3})));
}

TEST(Predictor, RefusesNetworksOrImagesOfAnotherKind) {
  const TempFolder folder;
  const auto a = save(folder, "a", {});
  const auto b = save(folder, "b", {10, 20});
  EXPECT_ERROR(Predictor({a, b}, torch::kCPU), Error,
               b.string() + ": has 10 classes and 20 x 20 images, " + a.string() +
                   " has 10 and 28 x 28; name checkpoints of the same data");
  EXPECT_ERROR(Predictor({a}, torch::kCPU).predict(test::random_dataset({0}, 20)), Error,
               "random: images of 20 x 20, the checkpoint takes 28 x 28; use data of the size it was trained on");
}

}  // namespace
}  // namespace digitrec
