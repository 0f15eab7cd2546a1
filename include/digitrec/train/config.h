#pragma once

#include "digitrec/core/execution.h"
#include "digitrec/data/source.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// The update rule; see torch.optim.
enum class OptimizerKind { adam, adamw, sgd };
/// How the learning rate changes over the steps; see torch.optim.lr_scheduler.
enum class ScheduleKind { constant, step, cosine, one_cycle, plateau };
/// Weights of the classes in the loss.
enum class ClassWeights { none, balanced };
/// Where mean and deviation of the pixels come from: the training rows, or MNIST's published values.
enum class NormalizationKind { data, mnist };
/// Mean of the weights over the last steps: exponentially weighted (Polyak) or equal (SWA, Izmailov et al. 2018).
enum class AverageKind { none, ema, swa };

/// Which epoch is kept as the best: the one that validates best, or the last.
enum class SelectKind { validation, last };

/// How far training images are varied: each image draws its own amounts, uniformly up to these. All 0: not at all.
struct Augmentation {
  double rotate = 0;     ///< degrees, either way
  double scale = 0;      ///< share of the size, larger or smaller, in x and y separately
  double narrow = 0;     ///< share of the width, narrower
  double shear = 0;      ///< x shifted by up to this share of y
  double shift = 0;      ///< pixels, in x and y
  double elastic = 0;    ///< pixels: standard deviation of a smooth random displacement (Simard et al. 2003)
  double thickness = 0;  ///< 1: up to a whole pixel thicker or thinner on each side of a stroke
  double coarse = 0;     ///< share of the images that lose detail, as in small pictures; others get harder edges
  /// Shares of the images, which are in random order: the first of a batch that stay as they are, before the last ones
  /// those replaced by synthetic digits of their label, and the last that are made into what shows no class, as pairs
  /// and scribbles, of which the network learns to be sure of nothing (outlier exposure, Hendrycks et al. 2019).
  double plain = 0, synthetic = 0, outliers = 0;
  bool reframe = false;  ///< scale into the box and centre by mass again, as pictures are framed

  /// Whether anything is varied.
  bool any() const {
    return rotate > 0 || scale > 0 || narrow > 0 || shear > 0 || shift > 0 || elastic > 0 || thickness > 0 ||
           coarse > 0 || synthetic > 0 || outliers > 0 || reframe;
  }
  /// How many of a batch's images, its last ones, are outliers.
  int64_t count_outliers(int64_t batch) const { return static_cast<int64_t>(outliers * static_cast<double>(batch)); }
};

/// How often something is saved; never when both are 0.
struct SaveInterval {
  int64_t steps = 0;   ///< training steps between two saves
  double seconds = 0;  ///< of training between two saves
};

/// Everything that a training run depends on; together with the data it is enough to repeat the run. Ranges are checked
/// by `train_options`, which gives each field its name in files and on the command line.
struct TrainConfig {
  std::string model = "cnn";        ///< preset
  std::string data = "data";        ///< folder or file; see load_dataset
  bool transpose = false;           ///< swap rows and columns of the images
  Framing frame = Framing::digits;  ///< of pictures that are trained on
  std::string class_names;          ///< text file of the classes' names; empty: none
  std::string extra_data;           ///< more rows, trained on and never validated on; empty: none
  std::string init;                 ///< checkpoint of the weights to start from; empty: new ones
  bool freeze = false;              ///< keep the convolutions of `init` as they are
  std::string out;                  ///< run folder; empty: `runs/MODEL-TIME`
  std::string device = "auto";      ///< see choose_device
  int64_t epochs = 10;              ///< passes over the training rows, at most
  int64_t batch_size = 64;          ///< images per step
  double lr = 0.001;                ///< peak learning rate
  uint64_t seed = 42;               ///< of split, initial weights, shuffling, augmentation and dropout
  PrecisionChoice precision = PrecisionChoice::automatic;  ///< see choose_precision
  int64_t threads = 0;                                     ///< CPU threads; 0: one per physical core
  int64_t limit = 0;                                       ///< rows read from the file; 0: all
  double max_seconds = 0;  ///< training time after which no more batches start; 0: no limit
  int64_t patience = 0;    ///< epochs without improvement before stopping; 0: never stop early
  SelectKind select =
      SelectKind::validation;  ///< last: the validation accuracy is not biased by choosing the epoch on it
  double val_fraction = 0.1;   ///< share of each class held back for validation
  int64_t folds = 0;           ///< cross-validation: one network per fold, validated on that fold; 0: one split
  int64_t ensemble = 0;        ///< networks (per fold) that differ in their seeds alone; 0: one
  int64_t member = 0;          ///< train only this one of the networks, counted from 1; 0: all
  NormalizationKind normalization = NormalizationKind::data;  ///< mean and deviation of the training rows, or MNIST's

  OptimizerKind optimizer = OptimizerKind::adam;    ///< update rule
  double weight_decay = 0;                          ///< L2 term for adam and sgd, decoupled for adamw
  double momentum = 0.9;                            ///< of sgd
  ScheduleKind schedule = ScheduleKind::constant;   ///< of the learning rate
  double warmup_epochs = 0;                         ///< linear rise from 0 to lr before the schedule starts
  double min_lr = 0;                                ///< cosine, plateau: lowest learning rate
  int64_t step_epochs = 10;                         ///< step: epochs between two reductions of the rate
  double gamma = 0.1;                               ///< step, plateau: factor of a reduction
  int64_t plateau_patience = 3;                     ///< plateau: epochs without a lower validation loss before one
  double grad_clip = 0;                             ///< maximum norm of all gradients together; 0: no clipping
  double label_smoothing = 0;                       ///< share of the target spread over all classes
  ClassWeights class_weights = ClassWeights::none;  ///< balanced: each class counts the same in the loss
  Augmentation augmentation;                        ///< of the images trained on
  AverageKind average = AverageKind::none;          ///< validated and saved instead of the trained weights
  double average_decay = 0.99;                      ///< ema: share of the mean that an update keeps
  int64_t average_every = 5;                        ///< steps between two updates of the mean
  double average_start = 0;                         ///< epochs before the first update
  SaveInterval checkpoint_every;                    ///< also save within an epoch, this often
  bool live = false;                                ///< keep report.html current while training; for LivePage
  bool tensorboard = false;                         ///< write event files; for TensorBoardObserver
  bool detect_anomaly = false;                      ///< find the step of the backward pass that makes a NaN
  Kernels kernels = Kernels::fused;                 ///< plain: LibTorch's layers one by one, for comparison
};

/// How many networks `folds` and `ensemble` ask for; `member` is ignored.
int64_t count_members(const TrainConfig& config);

/// Throws UsageError when two settings contradict each other.
void require_consistent(const TrainConfig& config);

/// One field of a configuration, as files and the command line see it.
struct ConfigOption {
  std::string key;         ///< in TOML: "batch_size"; on the command line: --batch-size
  std::string help;        ///< a phrase that names the setting
  bool common = false;     ///< in the first group of the help text
  bool is_text = false;    ///< a string in TOML, else a number
  bool is_switch = false;  ///< true or false in TOML; its flag takes no value
  bool resumable = false;  ///< a run may be resumed with another value
  /// Sets the field from text. Returns nothing on success, else what was wrong and what was expected.
  std::function<std::optional<std::string>(const std::string&)> set{};
  /// The field's value as text.
  std::function<std::string()> get{};
};

/// The fields of `config`, in the order of help and files. The options refer to `config`, which must outlive them.
std::vector<ConfigOption> train_options(TrainConfig& config);

/// Sets the fields named in a TOML file. Throws UsageError with file and line for an unknown key (naming the nearest)
/// and for a value that does not fit, and when the file cannot be read.
void apply_config_file(TrainConfig& config, const std::filesystem::path& path);

/// Sets the fields named in a TOML text. `source`: its name in messages.
void apply_config_text(TrainConfig& config, std::string_view text, const std::string& source);

/// The configuration as a TOML file with every key.
std::string to_toml(const TrainConfig& config);

/// to_toml without `out` and the keys that may change when a run is resumed.
std::string fixed_settings(const TrainConfig& config);

/// Whether these are the fixed_settings of a run, maybe of an earlier version; what that did not have yet is as by
/// default. `source`: their name in messages. Throws UsageError for what are no settings.
bool has_fixed_settings(const TrainConfig& config, std::string_view toml, const std::string& source);

/// How the training data is to be read, and the extra data: all of it.
DataOptions data_options(const TrainConfig& config);
DataOptions extra_data_options(const TrainConfig& config);

/// Of the fixed_settings of an earlier version those that are so today: without settings that are gone since, which did
/// nothing, and those that may change by now.
std::string still_fixed_settings(std::string_view toml);

}  // namespace digitrec
