#include "digitrec/train/trainer.h"

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/core/precision.h"
#include "digitrec/core/random.h"
#include "digitrec/core/stopwatch.h"
#include "digitrec/data/source.h"
#include "digitrec/infer/calibration.h"
#include "digitrec/train/leak.h"
#include "digitrec/train/schedule.h"
#include "train/run_folder.h"
#include "train/step.h"
#include "train/weight_average.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <limits>

namespace digitrec {
namespace {

/// Streams of the run's seed; see mix_seed.
enum SeedStream : uint64_t {
  kSplitStream,
  kWeightStream,
  kShuffleStream,
  kDropoutStream,
  kAugmentStream,
  kMemberStream
};

/// The seed of one of a run's random streams. Of several networks each has its own, all with the same split.
uint64_t stream_seed(const TrainConfig& config, SeedStream stream) {
  if (stream == kSplitStream || config.member <= 1) return mix_seed(config.seed, stream);
  return mix_seed(mix_seed(config.seed, kMemberStream + static_cast<uint64_t>(config.member)), stream);
}

/// Seconds between two progress reports: each one waits for the device.
constexpr double kProgressInterval = 0.2;

/// Rows that the batch normalisation of averaged weights is measured with: enough for a standard error below a percent.
constexpr int64_t kMeasuredRows = 8192;

/// n / (K * n_c) for each class c of K that occurs, so that the mean weight is 1; 0 for one that does not.
torch::Tensor balanced_weights(const torch::Tensor& labels, int64_t classes) {
  const torch::Tensor counts = labels.bincount({}, classes).to(torch::kFloat32);
  const torch::Tensor occurs = counts > 0;
  const torch::Tensor weights = counts.sum() / (occurs.sum() * counts.clamp_min(1));
  return weights * occurs;
}

void require_member(const TrainConfig& config) {
  if (config.folds == 1)
    throw UsageError("--folds: 1 leaves no rows to train on; expected 2 or more, or 0 for one split");
  if (config.member > count_members(config)) {
    throw UsageError(
        fmt::format("--member {}: there are {}; see --folds and --ensemble", config.member, count_members(config)));
  }
}

void require_validation_where_needed(const TrainConfig& config) {
  if (config.val_fraction > 0 || config.folds > 0) return;
  if (config.patience > 0)
    throw UsageError("--patience needs validation rows; set --val-fraction above 0 or --patience 0");
  if (config.schedule == ScheduleKind::plateau) {
    throw UsageError("--schedule plateau needs validation rows; set --val-fraction above 0 or choose another schedule");
  }
}

/// All rows that a run has, with those of --extra-data behind the data set's own: only ever trained on.
struct TrainingRows {
  Dataset dataset;
  Split split;
};

TrainingRows training_rows(const TrainConfig& config, const Dataset& dataset) {
  TrainingRows rows{dataset, training_split(config, dataset)};
  if (config.extra_data.empty()) return rows;
  const Dataset extra = load_dataset(config.extra_data, Purpose::train);
  if (extra.image_size() != dataset.image_size()) {
    throw Error(fmt::format("{}: images of {} x {}, {} has {} x {}; extra data must be of the same size", extra.source,
                            extra.image_size(), extra.image_size(), dataset.source, dataset.image_size(),
                            dataset.image_size()));
  }
  require_labels_below(extra, dataset.num_classes());
  rows.dataset.images = torch::cat({dataset.images, extra.images});
  rows.dataset.labels = torch::cat({dataset.labels, extra.labels});
  rows.split.train = torch::cat({rows.split.train, torch::arange(dataset.size(), dataset.size() + extra.size())});
  return rows;
}

class Trainer {
 public:
  Trainer(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
          const TrainEvents& events)
      : config_(config),
        events_(events),
        device_(choose_device(config.device).device),
        rows_(training_rows(config, dataset)),
        split_(rows_.split),
        leaked_rows_(count_leaked_rows(rows_.dataset, split_)),
        sampler_(split_.train, config.batch_size, stream_seed(config, kShuffleStream)),
        schedule_(config, sampler_.batches_per_epoch()) {
    info_.preset = config.model;
    info_.data = fingerprint(dataset);
    info_.shape = {dataset.num_classes(), dataset.image_size()};
    info_.normalization = config.normalization == NormalizationKind::mnist
                              ? Normalization{}
                              : measure_normalization(rows_.dataset.images.index_select(0, split_.train));
    at::manual_seed(stream_seed(config, kWeightStream));
    model_ = build_model(config.model, info_.shape);
    require_batches_for_batch_norm();
    model_->to(device_);
    model_->set_execution({choose_precision(config.precision, device_).precision, config.kernels});

    const torch::Tensor images = rows_.dataset.images.to(device_);
    const torch::Tensor labels = rows_.dataset.labels.to(device_);
    validation_images_ = images.index_select(0, split_.validation.to(device_));
    validation_labels_ = labels.index_select(0, split_.validation.to(device_));
    torch::Tensor class_weights;
    if (config.class_weights == ClassWeights::balanced) {
      const torch::Tensor train_labels = rows_.dataset.labels.index_select(0, split_.train);
      class_weights = balanced_weights(train_labels, info_.shape.classes).to(device_);
    }
    step_.emplace(model_, config, images, labels, info_.normalization, class_weights);
    if (config.average != AverageKind::none) {
      const torch::Tensor rows =
          sampler_.order(/*epoch=*/0).narrow(0, 0, std::min(kMeasuredRows, split_.train.numel()));
      average_.emplace(config, info_, *model_, images.index_select(0, rows.to(device_)));
    }
    run_.emplace(folder, config);
  }

  TrainResult run() {
    const TrainStart start = describe();
    if (events_.on_start) events_.on_start(start);
    TrainResult result;
    result.folder = run_->path();
    int64_t epochs_without_best = 0;
    for (int64_t epoch = 1; epoch <= config_.epochs; ++epoch) {
      EpochMetrics metrics = train_epoch(epoch, result);
      if (result.reason != StopReason::finished) break;  // cut short inside the epoch
      validate(metrics);
      schedule_.observe_epoch(metrics.val_loss);
      result.epochs = epoch;

      const bool is_best = !result.best || is_better(metrics, *result.best);
      epochs_without_best = is_best ? 0 : epochs_without_best + 1;
      if (is_best) {
        result.best = metrics;
        save(run_->best(), metrics);
      }
      save(run_->last(), metrics);
      run_->append_metrics(metrics);
      if (events_.on_epoch) events_.on_epoch(metrics, is_best);
      if (config_.patience > 0 && epochs_without_best >= config_.patience) {
        result.reason = StopReason::patience;
        break;
      }
    }
    run_->write_summary(config_, start, result);
    return result;
  }

 private:
  /// Batch normalisation learns from the spread within a batch: of one image it can make nothing.
  void require_batches_for_batch_norm() const {
    const bool has_batch_norm = !model_->buffers().empty();
    if (has_batch_norm && (config_.batch_size == 1 || split_.train.numel() == 1)) {
      throw UsageError(
          fmt::format("--batch-size: model {} needs batches of 2 or more images for its batch normalisation; "
                      "there are {} training rows and the batch size is {}",
                      config_.model, split_.train.numel(), config_.batch_size));
    }
  }

  TrainStart describe() const {
    return {device_.str(), describe_device(device_),  split_.train.numel(), split_.validation.numel(), leaked_rows_,
            info_.shape,   count_parameters(*model_), info_.normalization};
  }

  /// One pass over the training rows. Sets result.reason when it ends early, having saved what there is.
  EpochMetrics train_epoch(int64_t epoch, TrainResult& result) {
    step_->begin_epoch(/*augmented=*/epoch <= config_.epochs - config_.clean_epochs);
    // Dropout draws from the global generator: seeded by epoch, so that a run can be taken up again at any of them.
    at::manual_seed(mix_seed(stream_seed(config_, kDropoutStream), static_cast<uint64_t>(epoch)));
    const torch::Tensor order = sampler_.order(epoch).to(device_);
    const int64_t batches = sampler_.batches_per_epoch();
    EpochMetrics metrics;
    metrics.epoch = epoch;
    const Stopwatch watch;
    double next_report = kProgressInterval;
    for (int64_t batch = 0; batch < batches; ++batch) {
      const int64_t step = (epoch - 1) * batches + batch;
      metrics.lr = schedule_.rate(step);
      const BatchSampler::Range range = sampler_.range(batch);
      step_->run(order.narrow(0, range.begin, range.size), metrics.lr,
                 mix_seed(stream_seed(config_, kAugmentStream), static_cast<uint64_t>(step)));
      if (average_) average_->observe(step, batches);

      const double elapsed = watch.seconds();
      if (events_.on_batch && elapsed >= next_report) {
        next_report = elapsed + kProgressInterval;
        const double speed = static_cast<double>(step_->rows()) / elapsed;
        const int64_t rows_left = (config_.epochs - epoch + 1) * split_.train.numel() - step_->rows();
        events_.on_batch({epoch, config_.epochs, batch + 1, batches, step_->loss(), step_->accuracy(), speed,
                          static_cast<double>(rows_left) / speed});
      }
      const bool last = epoch == config_.epochs && batch + 1 == batches;
      if (!last && events_.should_stop && events_.should_stop()) result.reason = StopReason::interrupted;
      if (!last && config_.max_seconds > 0 && result.seconds + elapsed >= config_.max_seconds) {
        result.reason = StopReason::max_seconds;
      }
      if (result.reason != StopReason::finished) break;
    }
    metrics.train_loss = step_->loss();  // waits for the device, so that the time below is all of the work
    metrics.train_accuracy = step_->accuracy();
    metrics.seconds = watch.seconds();
    metrics.images_per_second = static_cast<double>(step_->rows()) / metrics.seconds;
    if (!std::isfinite(metrics.train_loss) || !has_finite_parameters()) fail_not_finite(epoch, result);
    result.seconds += metrics.seconds;
    if (result.reason != StopReason::finished) finish_early(metrics, result);
    return metrics;
  }

  /// Out of time, the part of an epoch counts as one: it is validated and may be the best. Interrupted, the weights are
  /// saved as they are and the caller gets its answer at once.
  void finish_early(EpochMetrics& metrics, TrainResult& result) {
    if (result.reason == StopReason::max_seconds) {
      validate(metrics);
      run_->append_metrics(metrics);
      const bool is_best = !result.best || is_better(metrics, *result.best);
      if (is_best) {
        result.best = metrics;
        save(run_->best(), metrics);
      }
      result.epochs = metrics.epoch;
      save(run_->last(), metrics);
      if (events_.on_epoch) events_.on_epoch(metrics, is_best);
      return;
    }
    save(run_->last(), metrics);
  }

  /// The loss of an epoch is that of the weights before each step: the last step may have spoilt them all the same.
  bool has_finite_parameters() const {
    at::NoGradGuard no_grad;
    for (const torch::Tensor& parameter : model_->parameters()) {
      if (!parameter.isfinite().all().item<bool>()) return false;
    }
    return true;
  }

  /// What is validated and saved: the mean of the weights, once there is one.
  Classifier& result_network() { return average_ && !average_->is_empty() ? average_->network() : *model_; }

  void validate(EpochMetrics& metrics) {
    metrics.val_loss = metrics.val_accuracy = std::numeric_limits<double>::quiet_NaN();
    if (validation_labels_.numel() == 0) return;
    at::NoGradGuard no_grad;
    const torch::Tensor logits = compute_logits(result_network(), validation_images_, info_.normalization);
    info_.temperature = fit_temperature(logits, validation_labels_);
    metrics.val_loss = torch::cross_entropy_loss(logits, validation_labels_).item<double>();
    metrics.val_accuracy = static_cast<double>(logits.argmax(1).eq(validation_labels_).sum().item<int64_t>()) /
                           static_cast<double>(validation_labels_.numel());
  }

  bool is_better(const EpochMetrics& candidate, const EpochMetrics& best) const {
    if (config_.select == SelectKind::last) return true;
    if (std::isnan(candidate.val_accuracy)) return true;  // no validation rows: the last epoch
    if (candidate.val_accuracy != best.val_accuracy) return candidate.val_accuracy > best.val_accuracy;
    return candidate.val_loss < best.val_loss;
  }

  void save(const std::filesystem::path& path, const EpochMetrics& metrics) {
    info_.metrics = {{"epoch", static_cast<double>(metrics.epoch)}, {"train_loss", metrics.train_loss}};
    if (std::isfinite(metrics.val_accuracy)) {
      info_.metrics["val_loss"] = metrics.val_loss;
      info_.metrics["val_accuracy"] = metrics.val_accuracy;
    }
    run_->save(path, result_network(), info_);
  }

  [[noreturn]] void fail_not_finite(int64_t epoch, const TrainResult& result) const {
    const std::string kept =
        result.best ? fmt::format("; epoch {} is kept in {}", result.best->epoch, run_->best().string()) : "";
    throw Error(
        fmt::format("loss or weights are not finite numbers after epoch {} (lr {}); lower --lr or set --grad-clip 1{}",
                    epoch, config_.lr, kept));
  }

  TrainConfig config_;
  const TrainEvents& events_;
  torch::Device device_;
  TrainingRows rows_;
  const Split& split_;
  int64_t leaked_rows_;
  BatchSampler sampler_;
  Schedule schedule_;
  CheckpointInfo info_;
  std::shared_ptr<Classifier> model_;
  std::optional<TrainStep> step_;
  std::optional<WeightAverage> average_;
  torch::Tensor validation_images_;
  torch::Tensor validation_labels_;
  std::optional<RunFolder> run_;
};

}  // namespace

Split training_split(const TrainConfig& config, const Dataset& dataset) {
  const uint64_t seed = stream_seed(config, kSplitStream);
  if (config.folds == 0) return stratified_split(dataset, config.val_fraction, seed);
  return stratified_fold(dataset, config.folds, (std::max<int64_t>(1, config.member) - 1) % config.folds, seed);
}

TrainResult train(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                  const TrainEvents& events) {
  require_validation_where_needed(config);
  require_member(config);
  return Trainer(config, dataset, folder, events).run();
}

}  // namespace digitrec
