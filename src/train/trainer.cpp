#include "train/trainer.h"

#include "checkpoint/contents.h"
#include "core/random.h"
#include "core/stopwatch.h"
#include "digitrec/core/device.h"
#include "digitrec/core/error.h"
#include "train/anomaly_mode.h"
#include "train/initial_weights.h"
#include "train/seeds.h"

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/grad_mode.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

namespace digitrec {
namespace {

/// Seconds between two progress reports, since each waits for the device.
constexpr double kProgressInterval = 0.2;

/// Rows to measure the batch normalisation of averaged weights with: enough for a standard error below a percent.
constexpr int64_t kMeasuredRows = 8192;

/// The generator that dropout draws from.
at::Generator default_generator(const at::Device& device) {
  return device.is_cpu() ? at::detail::getDefaultCPUGenerator() : at::globalContext().defaultGenerator(device);
}

CheckpointInfo describe_network(const TrainPlan& plan) {
  CheckpointInfo info;
  info.preset = plan.config.model;
  info.data = plan.rows.data;
  info.settings = fixed_settings(plan.config);
  info.shape = plan.shape;
  info.classes = plan.rows.dataset.classes;
  info.framing = plan.config.frame;
  info.transpose = plan.config.transpose;
  info.normalization = plan.normalization;
  return info;
}

/// Batch normalisation needs the variance within a batch, which a single image does not have.
void require_batches_for_batch_norm(const TrainPlan& plan, const Classifier& model) {
  const int64_t rows = plan.rows.split.train.numel();
  if (model.buffers().empty() || (plan.config.batch_size > 1 && rows > 1)) return;
  throw UsageError(
      fmt::format("`batch_size`: model {} needs batches of 2 or more images for its batch normalisation; "
                  "there are {} training rows and the batch size is {}",
                  plan.config.model, rows, plan.config.batch_size));
}

void freeze_convolutions(const TrainPlan& plan, Classifier& model) {
  model.freeze_convolutions();
  if (model.trainable_parameters().size() < model.parameters().size()) return;
  throw UsageError(fmt::format("`freeze`: model {} has no convolutions", plan.config.model), "leave it out");
}

std::shared_ptr<Classifier> build_network(const TrainPlan& plan) {
  at::manual_seed(stream_seed(plan.config, kWeightStream));
  std::shared_ptr<Classifier> model = build_model(plan.config.model, plan.shape);
  require_batches_for_batch_norm(plan, *model);
  if (plan.config.freeze) freeze_convolutions(plan, *model);
  model->to(plan.device);
  model->set_execution(plan.execution);
  return model;
}

/// The weight of each class in the loss, float32 [classes]; undefined when all weigh the same.
at::Tensor class_weights(const TrainPlan& plan) {
  if (plan.config.class_weights == ClassWeights::none) return {};
  const at::Tensor labels = plan.rows.dataset.labels.index_select(0, plan.rows.split.train);
  return balanced_weights(labels, plan.shape.classes).to(plan.device);
}

}  // namespace

Trainer::Trainer(TrainPlan plan)
    : plan_(std::move(plan)),
      sampler_(plan_.rows.split.train, plan_.config.batch_size, stream_seed(plan_.config, kShuffleStream)),
      schedule_(plan_.config, sampler_.batches_per_epoch()),
      info_(describe_network(plan_)),
      model_(build_network(plan_)),
      rows_{plan_.rows.dataset.images.to(plan_.device), plan_.rows.dataset.labels.to(plan_.device)},
      validation_(rows_.images.index_select(0, plan_.rows.split.validation.to(plan_.device)),
                  rows_.labels.index_select(0, plan_.rows.split.validation.to(plan_.device))),
      step_(model_, plan_.config, rows_.images, rows_.labels, info_.normalization, class_weights(plan_)),
      average_(plan_.config, info_, *model_, [this] {
        const int64_t count = std::min(kMeasuredRows, plan_.rows.split.train.numel());
        return rows_.images.index_select(0, sampler_.order(/*epoch=*/0).narrow(0, 0, count).to(plan_.device));
      }) {}

void Trainer::initialize() {
  if (!plan_.config.init.empty()) initial_ = load_initial_weights(plan_.config, plan_.shape, *model_);
}

TrainStart Trainer::start() const {
  return {.device = plan_.device.str(),
          .machine = describe_device(plan_.device),
          .train_rows = plan_.rows.split.train.numel(),
          .validation_rows = plan_.rows.split.validation.numel(),
          .leaked_rows = plan_.leaked_rows,
          .shape = info_.shape,
          .parameters = count_parameters(*model_),
          .normalization = info_.normalization,
          .initial = initial_,
          .epochs = progress_.epochs,
          .batches = progress_.batches,
          .best_epoch = progress_.best_epoch,
          .changes = changes_};
}

TrainResult Trainer::run(TrainingStore& store, const TrainEvents& events) {
  std::optional<AnomalyMode> anomaly_mode;
  if (plan_.config.detect_anomaly) anomaly_mode.emplace();
  best_ = store.best();
  TrainResult result;
  result.best = progress_.best();
  // So that no checkpoint is ever without the state that says what it was trained on.
  if (progress_.epochs.empty() && progress_.batches == 0) store.save({.state = state(), .is_start = true});
  for (;;) {
    if (const auto reason = progress_.reason_to_end(plan_.config); reason && progress_.batches == 0) {
      result.reason = *reason;
      result.epochs = progress_.epoch() - 1;
      break;
    }
    EpochMetrics metrics = train_epoch(store, events, result.reason);
    if (result.reason != StopReason::finished) {  // cut short inside the epoch
      finish_early(metrics, result, store, events);
      break;
    }
    validation_.score(*result_network(), info_, metrics);
    schedule_.observe_epoch(metrics.val_loss);
    const bool is_best = is_better(metrics, progress_.best(), plan_.config.select);
    progress_.complete_epoch(metrics, is_best);
    end_epoch(metrics, is_best, progress_.epochs, state(), store, events);
    result.best = progress_.best();
  }
  if (result.reason != StopReason::max_seconds) result.epochs = progress_.epoch() - 1;
  result.seconds = progress_.seconds();
  store.wait();
  return result;
}

/// One pass over the training rows, or the rest of one. Sets `reason` when it ends early.
EpochMetrics Trainer::train_epoch(TrainingStore& store, const TrainEvents& events, StopReason& reason) {
  EpochMetrics metrics;
  metrics.epoch = progress_.epoch();
  // Dropout draws from the global generator, which is seeded by epoch so that a run can resume at any.
  at::manual_seed(mix_seed(stream_seed(plan_.config, kDropoutStream), static_cast<uint64_t>(metrics.epoch)));
  step_.begin_epoch();
  if (within_epoch_) restore_within_epoch(*std::exchange(within_epoch_, std::nullopt));
  const at::Tensor order = sampler_.order(metrics.epoch).to(plan_.device);
  const int64_t batches = sampler_.batches_per_epoch();
  const double seconds_before = progress_.batch_seconds;
  const int64_t rows_before = step_.rows();
  const Stopwatch watch;
  double next_report = kProgressInterval;
  double next_save = plan_.config.checkpoint_every.seconds;
  for (int64_t batch = progress_.batches; batch < batches; ++batch) {
    reason = reason_to_stop(events);
    if (reason != StopReason::finished) break;
    train_batch(metrics.epoch, batch, order);

    const double elapsed = watch.seconds();
    progress_.batches = batch + 1;
    progress_.batch_seconds = seconds_before + elapsed;
    if (elapsed >= next_report) {
      next_report = elapsed + kProgressInterval;
      store.check();
      require_finite_loss(metrics.epoch);
      if (events.on_batch) report(events, metrics.epoch, static_cast<double>(step_.rows() - rows_before) / elapsed);
    }
    if (batch + 1 < batches && is_time_to_save((metrics.epoch - 1) * batches + batch, elapsed, next_save)) {
      require_finite_loss(metrics.epoch);
      store.save({{}, false, progress_.epochs, state()});
    }
  }
  if (progress_.batches == 0) return metrics;  // stopped before the first batch
  metrics.lr = schedule_.rate((metrics.epoch - 1) * batches + progress_.batches - 1);
  metrics.train_loss = step_.loss();  // waits for the device, so that the time below includes all work
  metrics.train_accuracy = step_.accuracy();
  metrics.seconds = progress_.batch_seconds = seconds_before + watch.seconds();
  metrics.images_per_second = static_cast<double>(step_.rows()) / metrics.seconds;
  require_finite_loss(metrics.epoch);
  require_finite_weights(metrics.epoch);
  return metrics;
}

void Trainer::train_batch(int64_t epoch, int64_t batch, const at::Tensor& order) {
  const int64_t batches = sampler_.batches_per_epoch();
  const int64_t step = (epoch - 1) * batches + batch;
  const double rate = schedule_.rate(step);
  const BatchSampler::Range range = sampler_.range(batch);
  const uint64_t seed = mix_seed(stream_seed(plan_.config, kAugmentStream), static_cast<uint64_t>(step));
  try {
    step_.run(order.narrow(0, range.begin, range.size), rate, seed);
  } catch (const std::exception& error) {
    const std::string what = error.what();
    if (!plan_.config.detect_anomaly || what.find("returned nan values") == std::string::npos) throw;
    fail_not_finite(fmt::format("batch {} of {} in epoch {} (learning rate {:.3g}): {}", batch + 1, batches, epoch,
                                rate, what.substr(0, what.find('\n'))));
  }
  average_.observe(step, batches);
}

StopReason Trainer::reason_to_stop(const TrainEvents& events) const {
  if (plan_.config.max_seconds > 0 && progress_.seconds() >= plan_.config.max_seconds) return StopReason::max_seconds;
  return events.should_stop && events.should_stop() ? StopReason::interrupted : StopReason::finished;
}

void Trainer::report(const TrainEvents& events, int64_t epoch, double speed) const {
  const int64_t rows_left = (plan_.config.epochs - epoch + 1) * plan_.rows.split.train.numel() - step_.rows();
  events.on_batch({epoch, plan_.config.epochs, progress_.batches, sampler_.batches_per_epoch(), step_.loss(),
                   step_.accuracy(), speed, static_cast<double>(rows_left) / speed});
}

bool Trainer::is_time_to_save(int64_t step, double elapsed, double& next_save) const {
  const SaveInterval& every = plan_.config.checkpoint_every;
  if (every.steps > 0) return (step + 1) % every.steps == 0;
  if (every.seconds <= 0 || elapsed < next_save) return false;
  next_save = elapsed + every.seconds;
  return true;
}

/// Out of time, the part of an epoch counts as an epoch: it is validated and may be the best. Interrupted, the weights
/// are saved without validation, so that the call returns soon. Either way the run resumes within the epoch.
void Trainer::finish_early(EpochMetrics& metrics, TrainResult& result, TrainingStore& store,
                           const TrainEvents& events) {
  TrainingState stopped = state();
  if (result.reason == StopReason::interrupted) {
    return store.save({network_contents(metrics), false, progress_.epochs, std::move(stopped)});
  }
  result.epochs = progress_.epoch() - 1;
  if (progress_.batches == 0) return;  // between two epochs
  validation_.score(*result_network(), info_, metrics);
  const bool is_best = is_better(metrics, result.best, plan_.config.select);
  if (is_best) result.best = metrics;
  result.epochs = metrics.epoch;
  std::vector<EpochMetrics> rows = progress_.epochs;
  rows.push_back(metrics);
  end_epoch(metrics, is_best, rows, std::move(stopped), store, events);
}

/// Calls on_epoch, then saves, so that the caller's log has every epoch that the state has. If on_epoch throws, the
/// epoch is saved all the same.
void Trainer::end_epoch(const EpochMetrics& metrics, bool is_best, const std::vector<EpochMetrics>& rows,
                        TrainingState state, TrainingStore& store, const TrainEvents& events) {
  TrainingFiles files{network_contents(metrics), is_best, rows, std::move(state)};
  std::exception_ptr failure;
  try {
    if (events.on_epoch) events.on_epoch(metrics, is_best, {info_, result_network()});
  } catch (...) {
    failure = std::current_exception();
  }
  store.save(std::move(files));
  if (failure) std::rethrow_exception(failure);
}

// ---- the state of a run

TrainingState Trainer::state() const {
  TrainingState state;
  save_identity(plan_.rows, plan_.config, describe_device(plan_.device), state);
  progress_.save(state);
  schedule_.save(state);
  step_.save(state);
  average_.save(state);
  if (progress_.batches > 0) state.put("epoch.generator", default_generator(plan_.device).get_state());
  state.put_number("calibration.temperature", info_.temperature);
  return state;
}

void Trainer::resume(TrainingState state, const std::string& run) {
  require_same_run(state, plan_.rows, plan_.config, run);
  changes_ = describe_changes(state, plan_.config, describe_device(plan_.device));
  progress_.restore(state, plan_.config);
  if (progress_.batches > sampler_.batches_per_epoch()) {
    throw Error(fmt::format("{}: its state is {} batches into an epoch of {}; it belongs to a run with other settings",
                            run, progress_.batches, sampler_.batches_per_epoch()));
  }
  schedule_.restore(state);
  step_.restore(state);
  average_.restore(state);
  info_.temperature = state.number("calibration.temperature");
  if (progress_.batches > 0) within_epoch_ = std::move(state);
}

/// Restores what begin_epoch has reset.
void Trainer::restore_within_epoch(const TrainingState& state) {
  step_.restore(state);
  at::Generator generator = default_generator(plan_.device);
  const at::Tensor saved = state.tensor("epoch.generator");
  if (saved.sizes() == generator.get_state().sizes()) return generator.set_state(saved);
  // That of another kind of device: drawn from another seed, dropout does not repeat what it drew before.
  at::manual_seed(
      mix_seed(stream_seed(plan_.config, kDropoutStream),
               mix_seed(static_cast<uint64_t>(progress_.epoch()), static_cast<uint64_t>(progress_.batches))));
}

// ---- the result of an epoch

/// The network to validate and save: that of the mean weights, once there is one.
const std::shared_ptr<Classifier>& Trainer::result_network() {
  return !average_.is_empty() ? average_.network() : model_;
}

SafeTensors Trainer::network_contents(const EpochMetrics& metrics) {
  info_.metrics = {{"epoch", static_cast<double>(metrics.epoch)}, {"train_loss", metrics.train_loss}};
  if (std::isfinite(metrics.val_accuracy)) {
    info_.metrics["val_loss"] = metrics.val_loss;
    info_.metrics["val_accuracy"] = metrics.val_accuracy;
  }
  return checkpoint_contents(*result_network(), info_);
}

// ---- losses and weights that are not finite

void Trainer::require_finite_loss(int64_t epoch) const {
  const std::optional<int64_t> bad = step_.first_bad_batch();
  if (!bad) return;
  const int64_t batches = sampler_.batches_per_epoch();
  fail_not_finite(fmt::format("the loss of batch {} of {} in epoch {} is not finite (learning rate {:.3g})", *bad + 1,
                              batches, epoch, schedule_.rate((epoch - 1) * batches + *bad)));
}

/// A batch's loss shows the weights before its step, so the last step may have made them not finite unnoticed.
void Trainer::require_finite_weights(int64_t epoch) const {
  at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : model_->parameters()) {
    if (parameter.isfinite().all().item<bool>()) continue;
    fail_not_finite(fmt::format("the weights after epoch {} are not finite (learning rate {:.3g})", epoch,
                                schedule_.rate(epoch * sampler_.batches_per_epoch() - 1)));
  }
}

void Trainer::fail_not_finite(const std::string& what) const {
  const std::string kept =
      progress_.best_epoch > 0 ? fmt::format("; epoch {} is kept in {}", progress_.best_epoch, best_.string()) : "";
  throw Error(what, fmt::format("lower `lr` or set `grad_clip` to 1{}", kept));
}

}  // namespace digitrec
