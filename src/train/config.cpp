#include "digitrec/train/config.h"

#include "core/file.h"
#include "core/names.h"
#include "core/number.h"
#include "data/formats.h"
#include "digitrec/core/error.h"
#include "digitrec/model/presets.h"

#include <spdlog/fmt/fmt.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>

namespace digitrec {
namespace {

constexpr int64_t kManyEpochs = 1'000'000;
constexpr int64_t kManyRows = 1'000'000'000;

template <class Number>
ConfigOption number(const char* key, Number& field, const char* help, Range<Number> range) {
  ConfigOption option{key, help};
  option.set = [&field, range](const std::string& text) { return parse_number(text, range, field); };
  option.get = [&field] { return fmt::format("{}", field); };
  return option;
}

ConfigOption text(const char* key, std::string& field, const std::string& help) {
  ConfigOption option{key, help};
  option.is_text = true;
  option.set = [&field](const std::string& value) -> std::optional<std::string> {
    field = value;
    return std::nullopt;
  };
  option.get = [&field] { return field; };
  return option;
}

ConfigOption on_off(const char* key, bool& field, const char* help) {
  ConfigOption option{key, help};
  option.is_switch = true;
  option.set = [&field](const std::string& value) -> std::optional<std::string> {
    if (value != "true" && value != "false") return fmt::format("'{}' is neither true nor false", value);
    field = value == "true";
    return std::nullopt;
  };
  option.get = [&field] { return field ? "true" : "false"; };
  return option;
}

/// "500": steps; "30s": seconds; "": never.
std::optional<std::string> parse_interval(const std::string& text, SaveInterval& field) {
  if (text.empty()) {
    field = {};
    return std::nullopt;
  }
  SaveInterval value;
  const bool is_time = text.ends_with('s');
  const auto wrong = is_time ? parse_number<double>(text.substr(0, text.size() - 1), {0, 1e9, true}, value.seconds)
                             : parse_number<int64_t>(text, {1, kManyRows}, value.steps);
  if (wrong) return fmt::format("'{}' is neither steps, such as 500, nor seconds, such as 30s", text);
  field = value;
  return std::nullopt;
}

ConfigOption interval(const char* key, SaveInterval& field, const char* help) {
  ConfigOption option{key, help};
  option.is_text = true;
  option.set = [&field](const std::string& value) { return parse_interval(value, field); };
  option.get = [&field] {
    if (field.seconds > 0) return fmt::format("{}s", field.seconds);
    return field.steps > 0 ? std::to_string(field.steps) : "";
  };
  return option;
}

/// Calls `set` with the position of `value` among `names`, or says what is wrong with it.
template <class Set>
std::optional<std::string> parse_choice(const char* key, const std::string& value,
                                        const std::vector<std::string>& names, Set set) {
  try {
    set(find_name(key, value, names));
    return std::nullopt;
  } catch (const UsageError& error) {
    return error.what();
  }
}

/// A field that takes one of a few names: an enum whose values are the names' positions.
template <class Enum>
ConfigOption choice(const char* key, Enum& field, const char* help, std::vector<std::string> names) {
  ConfigOption option{key, fmt::format("{}: {}", help, join(names))};
  option.is_text = true;
  option.set = [&field, key, names](const std::string& value) -> std::optional<std::string> {
    return parse_choice(key, value, names, [&](size_t position) { field = static_cast<Enum>(position); });
  };
  option.get = [&field, names] { return names[static_cast<size_t>(field)]; };
  return option;
}

ConfigOption preset_option(std::string& field) {
  ConfigOption option = text("model", field, "Preset to train; digitrec models lists them");
  option.set = [&field](const std::string& value) -> std::optional<std::string> {
    return parse_choice("model", value, preset_names(), [&](size_t) { field = value; });
  };
  return option;
}

std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      text += c;
    }
  }
  return text + '"';
}

/// A TOML value as the text of a flag's value. Nothing when it has the wrong type.
std::optional<std::string> node_text(const toml::node& node, const ConfigOption& option) {
  if (option.is_text) return node.value_exact<std::string>();
  if (option.is_switch) {
    const auto value = node.value_exact<bool>();
    if (!value) return std::nullopt;
    return *value ? "true" : "false";
  }
  if (const auto integer = node.value_exact<int64_t>()) return std::to_string(*integer);
  if (const auto real = node.value_exact<double>()) return fmt::format("{}", *real);
  return std::nullopt;
}

}  // namespace

int64_t count_members(const TrainConfig& config) {
  return std::max<int64_t>(1, config.folds) * std::max<int64_t>(1, config.ensemble);
}

namespace {

/// Whether config.toml gives the text back. TOML is UTF-8, and paths need not be.
bool toml_holds(const std::string& text) {
  try {
    return toml::parse("text = " + quoted(text))["text"].value<std::string>() == text;
  } catch (const toml::parse_error&) {
    return false;
  }
}

void require_texts_that_toml_holds(TrainConfig config) {
  for (const ConfigOption& option : train_options(config)) {
    if (!option.is_text || toml_holds(option.get())) continue;
    throw UsageError(fmt::format("`{}`: the path is not UTF-8, so config.toml could not hold it", option.key),
                     "rename the file or the folder");
  }
}

}  // namespace

void require_consistent(const TrainConfig& config) {
  require_texts_that_toml_holds(config);
  if (config.freeze && config.init.empty())
    throw UsageError("`freeze`: new weights would never be trained", "name the checkpoint to start from with `init`");
  if (config.folds == 1)
    throw UsageError("`folds`: 1 leaves no rows to train on; expected 2 or more, or 0 for one split");
  if (config.member > count_members(config)) {
    throw UsageError(fmt::format("`member` {}: there are {}", config.member, count_members(config)),
                     "see `folds` and `ensemble`");
  }
  if (config.val_fraction > 0 || config.folds > 0) return;
  if (config.patience > 0)
    throw UsageError("`patience` needs validation rows", "set `val_fraction` above 0 or `patience` to 0");
  if (config.schedule == ScheduleKind::plateau) {
    throw UsageError("`schedule` plateau needs validation rows",
                     "set `val_fraction` above 0 or choose another schedule");
  }
}

std::vector<ConfigOption> train_options(TrainConfig& c) {
  const Range<double> any_rate{0, 1000, true};
  std::vector<ConfigOption> options{
      preset_option(c.model),
      text("data", c.data, "Training data: a folder, or a file of " + data_format_names()),
      text("out", c.out, "Run folder to make; default runs/<model>-<time>"),
      text("init", c.init, "Run or checkpoint whose weights to start from"),
      on_off("freeze", c.freeze, "Keep the convolutions of those weights as they are"),
      text("device", c.device, "Device to train on: auto, cpu, cuda, cuda:N or mps"),
      number<int64_t>("epochs", c.epochs, "Maximum number of passes over the training rows", {1, kManyEpochs}),
      number<int64_t>("batch_size", c.batch_size, "Images per step", {1, 1'000'000}),
      number<double>("lr", c.lr, "Learning rate; the peak of a schedule", any_rate),
      choice("optimizer", c.optimizer, "Optimizer", {"adam", "adamw", "sgd"}),
      choice("schedule", c.schedule, "Schedule of the learning rate",
             {"constant", "step", "cosine", "one-cycle", "plateau"}),
      number<int64_t>("patience", c.patience, "Epochs without a better one before training stops; 0: never",
                      {0, kManyEpochs}),
      number<double>("max_seconds", c.max_seconds, "Maximum training time in seconds; 0: no limit", {0, 1e9}),
      number<int64_t>("folds", c.folds, "Folds of a cross-validation, one network each; 0: one split", {0, 100}),
      number<int64_t>("ensemble", c.ensemble, "Networks to train that differ in their seeds alone; 0: one", {0, 1000}),
      number<int64_t>("limit", c.limit, "Number of rows to read from the file; 0: all", {0, kManyRows}),
      number<uint64_t>("seed", c.seed, "Seed of split, weights, shuffling, augmentation and dropout",
                       {0, static_cast<uint64_t>(std::numeric_limits<int64_t>::max())}),
      choice("precision", c.precision, "Precision of activations", precision_choice_names()),
      number<int64_t>("threads", c.threads, "CPU threads; 0: one per physical core", {0, 1024}),
      on_off("live", c.live, "Keep report.html in the run's folder up to date while it trains"),
      on_off("tensorboard", c.tensorboard, "Also write event files for TensorBoard"),
      on_off("detect_anomaly", c.detect_anomaly, "Stop where a backward step makes a NaN; slow"),
  };
  for (ConfigOption& option : options) option.common = true;
  const std::vector<ConfigOption> recipe{
      on_off("transpose", c.transpose, "Swap rows and columns of the images: EMNIST's lie on their side"),
      choice("frame", c.frame, "What is read of pictures: digits cut out as MNIST's, or all of them",
             {"digits", "none"}),
      text("class_names", c.class_names, "Text file of the classes' names, one a line"),
      text("extra_data", c.extra_data, "CSV file of more rows to train on, such as serve's corrections"),
      number<double>("val_fraction", c.val_fraction, "Share of each class held back for validation", {0, 0.9}),
      choice("select", c.select, "Epoch kept as the best", {"validation", "last"}),
      number<int64_t>("member", c.member, "Number of the one network of folds or ensemble to train; 0: all",
                      {0, 100'000}),
      choice("normalization", c.normalization, "Mean and deviation of the training rows, or MNIST's",
             {"data", "mnist"}),
      number<double>("weight_decay", c.weight_decay, "Weight decay: an L2 term, decoupled for adamw", {0, 1000}),
      number<double>("momentum", c.momentum, "Momentum of sgd", {0, 1}),
      number<double>("warmup_epochs", c.warmup_epochs, "Epochs of linear rise to lr before the schedule starts",
                     {0, 1e6}),
      number<double>("min_lr", c.min_lr, "Lowest learning rate of cosine and plateau", {0, 1000}),
      number<int64_t>("step_epochs", c.step_epochs, "Epochs between reductions of the rate by step", {1, kManyEpochs}),
      number<double>("gamma", c.gamma, "Factor of a reduction by step or plateau", {0, 1, true}),
      number<int64_t>("plateau_patience", c.plateau_patience,
                      "Epochs without a lower loss before a reduction by plateau", {0, kManyEpochs}),
      number<double>("grad_clip", c.grad_clip, "Maximum norm of the gradient; 0: no clipping", {0, 1e9}),
      number<double>("label_smoothing", c.label_smoothing, "Share of the target spread over all classes", {0, 1}),
      choice("class_weights", c.class_weights, "Weights of the classes in the loss", {"none", "balanced"}),
      number<double>("rotate", c.augmentation.rotate, "Rotation of images, up to so many degrees either way", {0, 180}),
      number<double>("scale", c.augmentation.scale, "Scaling of images, up to this share of the size", {0, 0.9}),
      number<double>("narrow", c.augmentation.narrow, "Share by which images get narrower", {0, 0.9}),
      number<double>("shear", c.augmentation.shear, "Shear of images, up to this share of the height", {0, 2}),
      number<double>("shift", c.augmentation.shift, "Shift of images, up to so many pixels", {0, 100}),
      number<double>("elastic", c.augmentation.elastic, "Elastic distortion of images, standard deviation in pixels",
                     {0, 100}),
      number<double>("thickness", c.augmentation.thickness, "Pixels by which strokes get thicker or thinner", {0, 1}),
      number<double>("coarse", c.augmentation.coarse, "Share of images that lose detail, as small pictures do", {0, 1}),
      number<double>("plain", c.augmentation.plain, "Share of images that stay as they are", {0, 1}),
      number<double>("synthetic", c.augmentation.synthetic,
                     "Share of images replaced by synthetic digits of their label", {0, 1}),
      number<double>("outliers", c.augmentation.outliers, "Share of images made into what is of no class", {0, 0.5}),
      on_off("reframe", c.augmentation.reframe, "Frame varied images again, as pictures are framed"),
      choice("average", c.average, "Mean of the weights to validate and save", {"none", "ema", "swa"}),
      number<double>("average_decay", c.average_decay, "Share of the mean that an update by ema keeps", {0, 1}),
      number<int64_t>("average_every", c.average_every, "Steps between updates of the mean", {1, kManyEpochs}),
      number<double>("average_start", c.average_start, "Epochs before the first update of the mean", {0, 1e6}),
      interval("checkpoint_every", c.checkpoint_every, "Interval of saving within an epoch: 500 (steps) or 30s"),
      choice("kernels", c.kernels, "Kernels on the CPU, our own or LibTorch's", kernels_names()),
  };
  options.insert(options.end(), recipe.begin(), recipe.end());
  const std::array resumable{
      "epochs",           "patience", "max_seconds", "device",         "threads",     "data", "extra_data",
      "checkpoint_every", "live",     "tensorboard", "detect_anomaly", "class_names", "init"};
  for (ConfigOption& option : options) {
    option.resumable = std::find(resumable.begin(), resumable.end(), option.key) != resumable.end();
  }
  return options;
}

namespace {

/// Settings of earlier versions, whose runs name them with a value of 0: they did nothing, and do not stand in the way.
constexpr std::array<std::string_view, 1> kRetired{"erase"};

bool is_retired(std::string_view key) { return std::find(kRetired.begin(), kRetired.end(), key) != kRetired.end(); }

}  // namespace

void apply_config_file(TrainConfig& config, const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_file(path, 1 << 20);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  apply_config_text(config, text, path.string());
}

void apply_config_text(TrainConfig& config, std::string_view text, const std::string& source) {
  toml::table table;
  try {
    table = toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}:{}: not TOML: {}; expected lines like epochs = 5", source,
                                 error.source().begin.line, error.description()));
  }
  const std::vector<ConfigOption> options = train_options(config);
  std::vector<std::string> keys;
  for (const ConfigOption& option : options) keys.push_back(option.key);
  for (const auto& [key, node] : table) {
    const std::string key_name(key.str());
    const std::string where = fmt::format("{}:{}: ", source, node.source().begin.line);
    const auto option = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.key == key_name; });
    if (option == options.end() && is_retired(key_name)) {
      if (node.value<double>() == 0.0) continue;
      throw UsageError(where + fmt::format("{}: no longer a setting", key_name), "remove the line");
    }
    if (option == options.end()) {
      throw UsageError(where + fmt::format("unknown key '{}'{}", key_name, suggest_name(key_name, keys)));
    }
    const std::optional<std::string> value = node_text(node, *option);
    if (!value) {
      throw UsageError(where + fmt::format("{}: of the wrong type; expected {}", key_name,
                                           option->is_text     ? "a string in quotes"
                                           : option->is_switch ? "true or false"
                                                               : "a number"));
    }
    if (const auto wrong = option->set(*value)) throw UsageError(where + key_name + ": " + *wrong);
  }
}

namespace {

std::string toml_of(const TrainConfig& config, const std::function<bool(const ConfigOption&)>& is_wanted) {
  TrainConfig copy = config;
  std::string toml;
  for (const ConfigOption& option : train_options(copy)) {
    if (!is_wanted(option)) continue;
    const std::string value = option.get();
    toml += fmt::format("{} = {}\n", option.key, option.is_text ? quoted(value) : value);
  }
  return toml;
}

}  // namespace

std::string to_toml(const TrainConfig& config) {
  return toml_of(config, [](const ConfigOption&) { return true; });
}

std::string fixed_settings(const TrainConfig& config) {
  return toml_of(config, [](const ConfigOption& option) { return !option.resumable && option.key != "out"; });
}

DataOptions data_options(const TrainConfig& config) {
  return {config.limit, config.transpose, config.frame, config.class_names};
}

DataOptions extra_data_options(const TrainConfig& config) {
  DataOptions options = data_options(config);
  options.max_rows = 0;
  options.class_names.clear();
  return options;
}

bool has_fixed_settings(const TrainConfig& config, std::string_view toml, const std::string& source) {
  TrainConfig other;
  apply_config_text(other, still_fixed_settings(toml), source);
  return fixed_settings(other) == fixed_settings(config);
}

std::string still_fixed_settings(std::string_view toml) {
  TrainConfig config;
  const std::vector<ConfigOption> options = train_options(config);
  const auto is_fixed = [&](std::string_view key) {
    return !is_retired(key) && std::none_of(options.begin(), options.end(), [&](const ConfigOption& option) {
      return option.resumable && option.key == key;
    });
  };
  std::string kept;
  std::istringstream lines{std::string(toml)};
  for (std::string line; std::getline(lines, line);) {
    if (is_fixed(line.substr(0, line.find(' ')))) kept += line + '\n';
  }
  return kept;
}

}  // namespace digitrec
