#include "digitrec/core/error.h"
#include "digitrec/model/classifier.h"
#include "support.h"

namespace digitrec {
namespace {

TEST(Presets, HaveTheParametersOfTheirLayers) {
  // Worked out by hand from the table of layers.
  const std::map<std::string, int64_t> expected{
      {"mlp-128", 784 * 128 + 128 + 128 * 10 + 10},
      {"mlp", 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10},
      {"cnn", 9 * 32 + 32 + 9 * 32 * 64 + 64 + 1600 * 128 + 128 + 128 * 10 + 10},
      {"cnn-dropout", 9 * 32 + 32 + 9 * 32 * 64 + 64 + 9 * 64 * 128 + 128 + 6272 * 128 + 128 + 128 * 10 + 10},
      {"cnn-bn", 9 * 32 + 32 + 9 * 32 * 32 + 32 + 9 * 32 * 64 + 64 + 9 * 64 * 64 + 64 + 9 * 64 * 128 + 128 +
                     2 * (32 + 32 + 64 + 64 + 128) + 6272 * 512 + 512 + 2 * 512 + 512 * 256 + 256 + 2 * 256 + 256 * 10 +
                     10},
      {"fast", 9 * 32 + 32 + 9 * 32 * 32 + 32 + 9 * 32 * 128 + 128 + 2 * (32 + 32 + 128) + 1152 * 10 + 10},
      {"best", 9 * 32 + 32 + 9 * 32 * 64 + 64 + 9 * 64 * 96 + 96 + 9 * 96 * 96 + 96 + 9 * 96 * 128 + 128 +
                   9 * 128 * 192 + 192 + 2 * (32 + 64 + 96 + 96 + 128 + 192) + 192 * 10 + 10},
  };
  for (const auto& [name, parameters] : expected)
    EXPECT_EQ(count_parameters(*build_model(name, {})), parameters) << name;
  EXPECT_EQ(presets().size(), expected.size());
}

TEST(Presets, CountMultiplyAdds) {
  EXPECT_EQ(build_model("mlp-128", {})->multiply_adds(), 784 * 128 + 128 * 10);
  EXPECT_EQ(build_model("cnn", {})->multiply_adds(), 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 1600 * 128 + 128 * 10);
  EXPECT_EQ(build_model("mlp-128", {})->training_multiply_adds(), 2 * 784 * 128 + 3 * 128 * 10);
}

TEST(Presets, TakeOtherSizesAndClasses) {
  for (const Preset& preset : presets()) {
    for (const int64_t size : {preset.min_image_size, preset.min_image_size + 1, int64_t{33}}) {
      const auto model = build_model(preset.name, {47, size});
      model->eval();
      EXPECT_EQ(model->forward(torch::zeros({3, 1, size, size})).sizes(), torch::IntArrayRef({3, 47}))
          << preset.name << size;
    }
  }
}

TEST(Presets, RefuseImagesTooSmall) {
  EXPECT_ERROR(build_model("cnn", {10, 8}), Error, "model cnn takes images of 10 to 256 pixels a side; the data has 8");
  EXPECT_ERROR(build_model("mlp", {1001, 8}), Error, "model mlp takes 1 to 1000 classes; the data has 1001");
}

TEST(Presets, SuggestTheNearestName) {
  EXPECT_ERROR(find_preset("cnn_bn"), UsageError, "unknown model 'cnn_bn'; did you mean 'cnn-bn'?");
}

TEST(ComputeLogits, DoesNotDependOnTheBatchSizeAndKeepsTheMode) {
  const auto model = build_model("cnn-bn", {});
  model->train();
  const torch::Tensor images = test::random_dataset(std::vector<int64_t>(7, 0), 28).images;
  const torch::Tensor whole = compute_logits(*model, images, {});
  EXPECT_TRUE(torch::allclose(whole, compute_logits(*model, images, {}, 3), 1e-5, 1e-5));
  EXPECT_TRUE(model->is_training());
  EXPECT_FALSE(whole.requires_grad());
}

}  // namespace
}  // namespace digitrec
