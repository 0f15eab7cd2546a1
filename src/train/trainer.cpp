#include "digitrec/train/trainer.h"

#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "digitrec/core/precision.h"
#include "digitrec/core/random.h"
#include "digitrec/core/stopwatch.h"
#include "digitrec/train/leak.h"
#include "digitrec/train/schedule.h"
#include "train/anomaly_mode.h"
#include "train/progress.h"
#include "train/run_folder.h"
#include "train/seeds.h"
#include "train/step.h"
#include "train/training_rows.h"
#include "train/validation.h"
#include "train/weight_average.h"

#include <torch/types.h>

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <exception>
#include <utility>

namespace digitrec {
namespace {

/// Seconds between two progress reports: each one waits for the device.
constexpr double kProgressInterval = 0.2;

/// Rows that the batch normalisation of averaged weights is measured with: enough for a standard error below a percent.
constexpr int64_t kMeasuredRows = 8192;

/// The generator that dropout draws from.
at::Generator default_generator(const torch::Device& device) {
  return device.is_cpu() ? at::detail::getDefaultCPUGenerator() : at::globalContext().defaultGenerator(device);
}

class Trainer {
 public:
  Trainer(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
          const TrainEvents& events, Start start)
      : config_(config),
        events_(events),
        device_(choose_device(config.device).device),
        rows_(training_rows(config, dataset)),
        split_(rows_.split),
        leaked_rows_(count_leaked_rows(rows_.dataset, split_)),
        sampler_(split_.train, config.batch_size, stream_seed(config, kShuffleStream)),
        schedule_(config, sampler_.batches_per_epoch()) {
    info_.preset = config.model;
    info_.data = rows_.data;
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
    const torch::Tensor held_back = split_.validation.to(device_);
    validation_.emplace(images.index_select(0, held_back), labels.index_select(0, held_back));
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
    run_.emplace(folder, config, start);
    if (start == Start::resumed) {
      restore();
      run_->update_config(config);
    }
  }

  TrainResult run() {
    std::optional<AnomalyMode> anomaly_mode;
    if (config_.detect_anomaly) anomaly_mode.emplace();
    const TrainStart start = describe();
    if (events_.on_start) events_.on_start(start);
    TrainResult result;
    result.folder = run_->path();
    result.best = progress_.best();
    for (;;) {
      if (config_.patience > 0 && progress_.epochs_without_best >= config_.patience) {
        result.reason = StopReason::patience;
        break;
      }
      if (progress_.epoch() > config_.epochs) break;
      EpochMetrics metrics = train_epoch(result.reason);
      if (result.reason != StopReason::finished) {  // cut short inside the epoch
        finish_early(metrics, result);
        break;
      }
      validation_->score(*result_network(), info_, metrics);
      schedule_.observe_epoch(metrics.val_loss);
      const bool is_best = is_better(metrics, progress_.best(), config_.select);
      progress_.complete_epoch(metrics, is_best);
      end_epoch(metrics, is_best, progress_.epochs, state());
      result.best = progress_.best();
    }
    if (result.reason != StopReason::max_seconds) result.epochs = progress_.epoch() - 1;
    result.seconds = progress_.seconds();
    run_->wait();
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
    return {device_.str(),
            describe_device(device_),
            split_.train.numel(),
            split_.validation.numel(),
            leaked_rows_,
            info_.shape,
            count_parameters(*model_),
            info_.normalization,
            progress_.epochs,
            progress_.batches,
            progress_.best_epoch,
            damage_};
  }

  /// One pass over the training rows, or what is left of it. Tells in `reason` when it ends early.
  EpochMetrics train_epoch(StopReason& reason) {
    EpochMetrics metrics;
    metrics.epoch = progress_.epoch();
    // Dropout draws from the global generator: seeded by epoch, so that a run can be taken up again at any of them.
    at::manual_seed(mix_seed(stream_seed(config_, kDropoutStream), static_cast<uint64_t>(metrics.epoch)));
    step_->begin_epoch();
    if (within_epoch_) restore_within_epoch(*std::exchange(within_epoch_, std::nullopt));
    const torch::Tensor order = sampler_.order(metrics.epoch).to(device_);
    const int64_t batches = sampler_.batches_per_epoch();
    const double seconds_before = progress_.batch_seconds;
    const int64_t rows_before = step_->rows();
    const Stopwatch watch;
    double next_report = kProgressInterval;
    double next_save = config_.checkpoint_every.seconds;
    for (int64_t batch = progress_.batches; batch < batches; ++batch) {
      reason = reason_to_stop();
      if (reason != StopReason::finished) break;
      train_batch(metrics.epoch, batch, order);

      const double elapsed = watch.seconds();
      progress_.batches = batch + 1;
      progress_.batch_seconds = seconds_before + elapsed;
      if (elapsed >= next_report) {
        next_report = elapsed + kProgressInterval;
        run_->check();
        require_finite_loss(metrics.epoch);
        if (events_.on_batch) report(metrics.epoch, static_cast<double>(step_->rows() - rows_before) / elapsed);
      }
      if (batch + 1 < batches && is_time_to_save((metrics.epoch - 1) * batches + batch, elapsed, next_save)) {
        require_finite_loss(metrics.epoch);
        run_->save({{}, false, metrics_csv(progress_.epochs), state()});
      }
    }
    if (progress_.batches == 0) return metrics;  // stopped before the first
    metrics.lr = schedule_.rate((metrics.epoch - 1) * batches + progress_.batches - 1);
    metrics.train_loss = step_->loss();  // waits for the device, so that the time below is all of the work
    metrics.train_accuracy = step_->accuracy();
    metrics.seconds = progress_.batch_seconds = seconds_before + watch.seconds();
    metrics.images_per_second = static_cast<double>(step_->rows()) / metrics.seconds;
    require_finite_loss(metrics.epoch);
    require_finite_weights(metrics.epoch);
    return metrics;
  }

  void train_batch(int64_t epoch, int64_t batch, const torch::Tensor& order) {
    const int64_t batches = sampler_.batches_per_epoch();
    const int64_t step = (epoch - 1) * batches + batch;
    const double rate = schedule_.rate(step);
    const BatchSampler::Range range = sampler_.range(batch);
    const uint64_t seed = mix_seed(stream_seed(config_, kAugmentStream), static_cast<uint64_t>(step));
    try {
      step_->run(order.narrow(0, range.begin, range.size), rate, seed);
    } catch (const std::exception& error) {
      const std::string what = error.what();
      if (!config_.detect_anomaly || what.find("returned nan values") == std::string::npos) throw;
      fail_not_finite(fmt::format("batch {} of {} in epoch {} (learning rate {:.3g}): {}", batch + 1, batches, epoch,
                                  rate, what.substr(0, what.find('\n'))));
    }
    if (average_) average_->observe(step, batches);
  }

  StopReason reason_to_stop() const {
    if (config_.max_seconds > 0 && progress_.seconds() >= config_.max_seconds) return StopReason::max_seconds;
    return events_.should_stop && events_.should_stop() ? StopReason::interrupted : StopReason::finished;
  }

  void report(int64_t epoch, double speed) const {
    const int64_t rows_left = (config_.epochs - epoch + 1) * split_.train.numel() - step_->rows();
    events_.on_batch({epoch, config_.epochs, progress_.batches, sampler_.batches_per_epoch(), step_->loss(),
                      step_->accuracy(), speed, static_cast<double>(rows_left) / speed});
  }

  bool is_time_to_save(int64_t step, double elapsed, double& next_save) const {
    const SaveInterval& every = config_.checkpoint_every;
    if (every.steps > 0) return (step + 1) % every.steps == 0;
    if (every.seconds <= 0 || elapsed < next_save) return false;
    next_save = elapsed + every.seconds;
    return true;
  }

  /// Out of time, the part of an epoch counts as one: it is validated and may be the best. Interrupted, the weights are
  /// saved as they are and the caller gets its answer at once. A run that goes on takes up the epoch where it stopped.
  void finish_early(EpochMetrics& metrics, TrainResult& result) {
    TrainingState stopped = state();
    if (result.reason == StopReason::interrupted) {
      return run_->save({network_contents(metrics), false, metrics_csv(progress_.epochs), std::move(stopped)});
    }
    result.epochs = progress_.epoch() - 1;
    if (progress_.batches == 0) return;  // between two epochs
    validation_->score(*result_network(), info_, metrics);
    const bool is_best = is_better(metrics, result.best, config_.select);
    if (is_best) result.best = metrics;
    result.epochs = metrics.epoch;
    std::vector<EpochMetrics> rows = progress_.epochs;
    rows.push_back(metrics);
    end_epoch(metrics, is_best, rows, std::move(stopped));
  }

  /// Tells the caller, and saves. The caller comes first, so that its log has every epoch that the state knows of; but
  /// what it fails at costs no epoch.
  void end_epoch(const EpochMetrics& metrics, bool is_best, const std::vector<EpochMetrics>& rows,
                 TrainingState state) {
    RunFiles files{network_contents(metrics), is_best, metrics_csv(rows), std::move(state)};
    std::exception_ptr failure;
    try {
      if (events_.on_epoch) events_.on_epoch(metrics, is_best, {info_, result_network()});
    } catch (...) {
      failure = std::current_exception();
    }
    run_->save(std::move(files));
    if (failure) std::rethrow_exception(failure);
  }

  // ---- the state of a run

  TrainingState state() const {
    TrainingState state;
    save_identity(rows_, config_, state);
    progress_.save(state);
    schedule_.save(state);
    step_->save(state);
    if (average_) average_->save(state);
    if (progress_.batches > 0) state.put("epoch.generator", default_generator(device_).get_state());
    state.put_number("calibration.temperature", info_.temperature);
    return state;
  }

  void restore() {
    std::optional<TrainingState> state = run_->load_state(damage_);
    if (!state) return;
    require_same_run(*state, rows_, config_, run_->path());
    progress_.restore(*state, sampler_.batches_per_epoch());
    const auto done = static_cast<int64_t>(progress_.epochs.size());
    if (done > config_.epochs) {
      throw UsageError(
          fmt::format("--epochs: {} has trained {} already; expected as many or more", run_->path().string(), done));
    }
    schedule_.restore(*state);
    step_->restore(*state);
    if (average_) average_->restore(*state);
    info_.temperature = state->number("calibration.temperature");
    if (const int64_t best = progress_.best_epoch; best > 0) {
      progress_.best_epoch = run_->restore_best(best);
      if (progress_.best_epoch != best) {
        damage_ +=
            fmt::format("{}{} no longer holds epoch {}; {}", damage_.empty() ? "" : "; ", run_->best().string(), best,
                        progress_.best_epoch > 0 ? fmt::format("epoch {} takes its place", progress_.best_epoch)
                                                 : "the best of the epochs to come takes its place");
      }
    }
    if (progress_.batches > 0) within_epoch_ = std::move(state);
  }

  /// What begin_epoch has just set back.
  void restore_within_epoch(const TrainingState& state) {
    step_->restore(state);
    at::Generator generator = default_generator(device_);
    generator.set_state(state.tensor("epoch.generator"));
  }

  // ---- what comes of an epoch

  /// What is validated and saved: the mean of the weights, once there is one.
  const std::shared_ptr<Classifier>& result_network() {
    return average_ && !average_->is_empty() ? average_->network() : model_;
  }

  SafeTensors network_contents(const EpochMetrics& metrics) {
    info_.metrics = {{"epoch", static_cast<double>(metrics.epoch)}, {"train_loss", metrics.train_loss}};
    if (std::isfinite(metrics.val_accuracy)) {
      info_.metrics["val_loss"] = metrics.val_loss;
      info_.metrics["val_accuracy"] = metrics.val_accuracy;
    }
    return checkpoint_contents(*result_network(), info_);
  }

  // ---- numbers gone wrong

  void require_finite_loss(int64_t epoch) const {
    const std::optional<int64_t> bad = step_->first_bad_batch();
    if (!bad) return;
    const int64_t batches = sampler_.batches_per_epoch();
    fail_not_finite(fmt::format("the loss of batch {} of {} in epoch {} is no finite number (learning rate {:.3g})",
                                *bad + 1, batches, epoch, schedule_.rate((epoch - 1) * batches + *bad)));
  }

  /// A batch's loss is that of the weights before its step: the last step may have spoilt them all the same.
  void require_finite_weights(int64_t epoch) const {
    at::NoGradGuard no_grad;
    for (const torch::Tensor& parameter : model_->parameters()) {
      if (parameter.isfinite().all().item<bool>()) continue;
      fail_not_finite(fmt::format("the weights after epoch {} are no finite numbers (learning rate {:.3g})", epoch,
                                  schedule_.rate(epoch * sampler_.batches_per_epoch() - 1)));
    }
  }

  [[noreturn]] void fail_not_finite(const std::string& what) const {
    const std::string kept = progress_.best_epoch > 0
                                 ? fmt::format("; epoch {} is kept in {}", progress_.best_epoch, run_->best().string())
                                 : "";
    throw Error(fmt::format("{}; lower --lr or set --grad-clip 1{}", what, kept));
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
  std::optional<Validation> validation_;
  std::optional<RunFolder> run_;
  RunProgress progress_;
  std::optional<TrainingState> within_epoch_;  ///< of a run that goes on within an epoch, until it does
  std::string damage_;
};

}  // namespace

Split training_split(const TrainConfig& config, const Dataset& dataset) {
  const uint64_t seed = stream_seed(config, kSplitStream);
  if (config.folds == 0) return stratified_split(dataset, config.val_fraction, seed);
  return stratified_fold(dataset, config.folds, (std::max<int64_t>(1, config.member) - 1) % config.folds, seed);
}

TrainResult train(const TrainConfig& config, const Dataset& dataset, const std::filesystem::path& folder,
                  const TrainEvents& events, Start start) {
  require_consistent(config);
  return Trainer(config, dataset, folder, events, start).run();
}

}  // namespace digitrec
