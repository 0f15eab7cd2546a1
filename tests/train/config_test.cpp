#include "digitrec/train/config.h"

#include "digitrec/core/error.h"
#include "digitrec/model/presets.h"
#include "support.h"
#include "train/recipes.h"

namespace digitrec {
namespace {

using test::TempFolder;

TEST(ConfigFile, SetsWhatItNames) {
  const TempFolder folder;
  TrainConfig config;
  apply_config_file(
      config,
      folder.write("c.toml", "model = \"mlp\"\nlr = 0.01\nepochs = 3\nschedule = \"one-cycle\"\nweight_decay = 1\n"));
  EXPECT_EQ(config.model, "mlp");
  EXPECT_EQ(config.lr, 0.01);
  EXPECT_EQ(config.epochs, 3);
  EXPECT_EQ(config.schedule, ScheduleKind::one_cycle);
  EXPECT_EQ(config.weight_decay, 1.0);
  EXPECT_EQ(config.batch_size, TrainConfig{}.batch_size);
}

TEST(ConfigFile, HoldsWhatFlagsSwitchOn) {
  TrainConfig config;
  apply_config_text(config, "live = true\ntensorboard = true\ndetect_anomaly = false\n", "config.toml");
  EXPECT_TRUE(config.live);
  EXPECT_TRUE(config.tensorboard);
  EXPECT_FALSE(config.detect_anomaly);
  EXPECT_NE(to_toml(config).find("\nlive = true\n"), std::string::npos);
}

TEST(ConfigFile, IsReadBackAsItWasWritten) {
  const TempFolder folder;
  TrainConfig config;
  config.model = "cnn-bn";
  config.data = "a \"quoted\" \\ path";
  config.lr = 0.00123456789;
  config.seed = 9007199254740993ULL;  // not a double
  config.class_weights = ClassWeights::balanced;
  TrainConfig again;
  apply_config_file(again, folder.write("c.toml", to_toml(config)));
  EXPECT_EQ(to_toml(again), to_toml(config));
  EXPECT_EQ(again.seed, config.seed);
  EXPECT_EQ(again.data, config.data);
}

struct BadConfig {
  const char* name;
  std::string text;
  std::string message;

  friend void PrintTo(const BadConfig& c, std::ostream* out) { *out << c.name; }
};

class RefusedConfig : public testing::TestWithParam<BadConfig> {};

TEST_P(RefusedConfig, NamesFileLineAndKey) {
  const TempFolder folder;
  const auto path = folder.write("c.toml", GetParam().text);
  TrainConfig config;
  EXPECT_ERROR(apply_config_file(config, path), UsageError, path.string() + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, RefusedConfig,
    testing::Values(
        BadConfig{"UnknownKey", "model = \"cnn\"\nepocs = 3\n", ":2: unknown key 'epocs'; did you mean 'epochs'?"},
        BadConfig{"ZeroEpochs", "epochs = 0\n", ":1: epochs: 0 is out of range; expected 1 to 1000000"},
        BadConfig{"NegativeRate", "lr = -0.1\n", ":1: lr: -0.1 is out of range; expected above 0 and at most 1000"},
        BadConfig{"RealForWhole", "epochs = 1.5\n", ":1: epochs: '1.5' is not a whole number; expected 1 to 1000000"},
        BadConfig{"TextForNumber", "lr = \"fast\"\n", ":1: lr: of the wrong type; expected a number"},
        BadConfig{"NumberForSwitch", "live = 1\n", ":1: live: of the wrong type; expected true or false"},
        BadConfig{"NumberForText", "model = 3\n", ":1: model: of the wrong type; expected a string in quotes"},
        BadConfig{"NotANumber", "lr = nan\n", ":1: lr: nan is out of range; expected above 0 and at most 1000"},
        BadConfig{"UnknownModel", "model = \"cnn-bm\"\n", ":1: model: unknown model 'cnn-bm'; did you mean 'cnn-bn'?"},
        BadConfig{"UnknownOptimizer", "optimizer = \"adamv\"\n",
                  ":1: optimizer: unknown optimizer 'adamv'; did you mean 'adam'?"},
        BadConfig{"UnknownSchedule", "schedule = \"cosin\"\n",
                  ":1: schedule: unknown schedule 'cosin'; did you mean 'cosine'?"}),
    [](const auto& instance) { return instance.param.name; });

TEST(ConfigFile, RefusesWhatIsNoToml) {
  const TempFolder folder;
  const auto path = folder.write("c.toml", "model = \"cnn\"\nepochs 3\n");
  TrainConfig config;
  try {
    apply_config_file(config, path);
    ADD_FAILURE() << "no error";
  } catch (const UsageError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(path.string() + ":2: not TOML: ")) << error.what();
  }
}

TEST(ConfigFile, TakesRunsOfEarlierVersions) {
  TrainConfig config;
  apply_config_text(config, "epochs = 3\nerase = 0\n", "config.toml");
  EXPECT_EQ(config.epochs, 3);
  EXPECT_ERROR(apply_config_text(config, "erase = 0.5\n", "config.toml"), UsageError,
               "config.toml:1: erase: no longer a setting; remove the line");
  EXPECT_EQ(still_fixed_settings("device = \"cpu\"\nlr = 0.1\nerase = 0\npatience = 3\nshift = 2\nthreads = 2\n"),
            "lr = 0.1\nshift = 2\n");
  EXPECT_EQ(still_fixed_settings("threads = 2\n\nlr = 0.1"), "\nlr = 0.1\n");  // without an end of line: a stranger's
}

TEST(Recipes, SayWhatTheyReachAndCost) {
  for (const Recipe& recipe : recipes()) {
    EXPECT_FALSE(recipe.summary.empty()) << recipe.name;
    EXPECT_NE(recipe.reaches.find('%'), std::string::npos) << recipe.name;
    EXPECT_NE(recipe.costs.find(" on "), std::string::npos) << recipe.name;
    TrainConfig config;
    apply_recipe(config, recipe);
    EXPECT_TRUE(recipe.name.starts_with(config.model) || recipe.name == "robust") << recipe.name;
  }
}

TEST(Recipes, HaveOneForEachPreset) {
  for (const std::string& preset : preset_names()) {
    TrainConfig config;
    apply_recipe(config, find_recipe(preset));
    EXPECT_EQ(config.model, preset);
  }
  EXPECT_ERROR(find_recipe("bets"), UsageError, "unknown recipe 'bets'; did you mean 'best'?");
}

}  // namespace
}  // namespace digitrec
