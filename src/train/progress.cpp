#include "train/progress.h"

#include "digitrec/core/error.h"

#include <ATen/ops/empty.h>

#include <spdlog/fmt/fmt.h>

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <system_error>

namespace digitrec {
namespace {

/// The columns of the rows in the state, all float64. The epoch is the row's position.
constexpr std::array<double EpochMetrics::*, 7> kFields{&EpochMetrics::train_loss,
                                                        &EpochMetrics::train_accuracy,
                                                        &EpochMetrics::val_loss,
                                                        &EpochMetrics::val_accuracy,
                                                        &EpochMetrics::lr,
                                                        &EpochMetrics::seconds,
                                                        &EpochMetrics::images_per_second};

constexpr const char* kEpochs = "epochs";
constexpr const char* kMachine = "machine";

/// How many epochs the training was to have; nothing in states of earlier versions.
std::optional<int64_t> noted_epochs(const TrainingState& state) {
  const std::string text = state.note(kEpochs);
  int64_t epochs = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epochs);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(epochs) : std::nullopt;
}

std::string number_or_blank(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value) : ""; }

}  // namespace

std::optional<EpochMetrics> RunProgress::best() const {
  return best_epoch == 0 ? std::nullopt : std::optional(epochs[static_cast<size_t>(best_epoch - 1)]);
}

void RunProgress::complete_epoch(const EpochMetrics& metrics, bool is_best) {
  epochs.push_back(metrics);
  complete_seconds += metrics.seconds;
  batches = 0;
  batch_seconds = 0;
  if (is_best) best_epoch = metrics.epoch;
  epochs_without_best = is_best ? 0 : epochs_without_best + 1;
}

void RunProgress::save(TrainingState& state) const {
  const at::Tensor rows =
      at::empty({static_cast<int64_t>(epochs.size()), static_cast<int64_t>(kFields.size())}, at::kDouble);
  double* value = rows.data_ptr<double>();
  for (const EpochMetrics& metrics : epochs) {
    for (const auto field : kFields) *value++ = metrics.*field;
  }
  state.put("run.epochs", rows);
  state.put_integer("run.batches", batches);
  state.put_number("run.batch_seconds", batch_seconds);
  state.put_integer("run.best_epoch", best_epoch);
  state.put_integer("run.epochs_without_best", epochs_without_best);
}

void RunProgress::restore(const TrainingState& state, const TrainConfig& config) {
  const at::Tensor rows = state.tensor("run.epochs");
  if (rows.dim() != 2 || rows.size(1) != static_cast<int64_t>(kFields.size()) || rows.scalar_type() != at::kDouble) {
    throw Error("the state's 'run.epochs' has another shape; another version of digitrec saved it");
  }
  epochs.clear();
  complete_seconds = 0;
  const double* value = rows.const_data_ptr<double>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    EpochMetrics metrics;
    metrics.epoch = i + 1;
    for (const auto field : kFields) metrics.*field = *value++;
    epochs.push_back(metrics);
    complete_seconds += metrics.seconds;
  }
  batches = state.integer("run.batches");
  batch_seconds = state.number("run.batch_seconds");
  best_epoch = state.integer("run.best_epoch");
  epochs_without_best = state.integer("run.epochs_without_best");
  if (batches < 0 || best_epoch < 0 || best_epoch > rows.size(0)) {
    throw Error("the state's numbers of batches and epochs are out of range; it belongs to a run with other settings");
  }
  const bool is_out_of_patience = config.patience > 0 && epochs_without_best >= config.patience;
  if (is_out_of_patience && config.epochs > noted_epochs(state).value_or(config.epochs)) epochs_without_best = 0;
}

std::optional<StopReason> RunProgress::reason_to_end(const TrainConfig& config) const {
  if (config.patience > 0 && epochs_without_best >= config.patience) return StopReason::patience;
  if (epoch() > config.epochs) return StopReason::finished;
  if (config.max_seconds > 0 && seconds() >= config.max_seconds) return StopReason::max_seconds;
  return std::nullopt;
}

void save_identity(const TrainingRows& rows, const TrainConfig& config, const std::string& machine,
                   TrainingState& state) {
  state.set_note("data", rows.data);
  state.set_note("extra_data", rows.extra_data);
  state.set_note("settings", fixed_settings(config));
  state.set_note(kEpochs, std::to_string(config.epochs));
  state.set_note(kMachine, machine);
}

void require_same_run(const TrainingState& state, const TrainingRows& rows, const TrainConfig& config,
                      const std::string& run) {
  if (state.note("data") != rows.data) {
    throw Error(fmt::format("{}: not the rows that {} was trained on", rows.dataset.source, run),
                "name them with `data`");
  }
  if (state.note("extra_data") != rows.extra_data) {
    throw Error(fmt::format("{}: not the extra rows that {} was trained on",
                            config.extra_data.empty() ? "no `extra_data`" : config.extra_data, run),
                "name them with `extra_data`");
  }
  if (!has_fixed_settings(config, state.note("settings"), run)) {
    throw Error(fmt::format("{}: its config.toml has other settings than the run was trained with", run),
                "put them back, or begin a new run with `config`");
  }
  if (const int64_t done = state.tensor("run.epochs").size(0); done > config.epochs) {
    throw UsageError(fmt::format("`epochs`: {} has trained {} already; expected as many or more", run, done));
  }
}

std::string describe_changes(const TrainingState& state, const TrainConfig& config, const std::string& machine) {
  std::string changes;
  if (const std::string before = state.note(kMachine); !before.empty() && before != machine)
    changes = fmt::format("on {} instead of {}", machine, before);
  const bool depends_on_epochs = config.schedule == ScheduleKind::cosine || config.schedule == ScheduleKind::one_cycle;
  const int64_t epochs = noted_epochs(state).value_or(config.epochs);
  if (depends_on_epochs && epochs != config.epochs) {
    changes += fmt::format("{}with the schedule of {} epochs instead of {}", changes.empty() ? "" : ", ", config.epochs,
                           epochs);
  }
  if (changes.empty()) return changes;
  return fmt::format("resumed {}: the weights are not, bit for bit, those of a run in one go", changes);
}

std::string metrics_csv(const std::vector<EpochMetrics>& epochs) {
  std::string text = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,images_per_second\n";
  for (const EpochMetrics& m : epochs) {
    fmt::format_to(std::back_inserter(text), "{},{:.6g},{:.6g},{},{},{:.6g},{:.3f},{:.0f}\n", m.epoch, m.train_loss,
                   m.train_accuracy, number_or_blank(m.val_loss), number_or_blank(m.val_accuracy), m.lr, m.seconds,
                   m.images_per_second);
  }
  return text;
}

}  // namespace digitrec
