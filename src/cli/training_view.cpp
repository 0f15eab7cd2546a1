#include "cli/training_view.h"

#include "cli/console.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/core/runtime.h"
#include "digitrec/data/source.h"
#include "digitrec/infer/metrics.h"
#include "run/networks.h"
#include "run/paths.h"
#include "train/validation.h"

#include <ATen/core/Tensor.h>

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <iostream>
#include <utility>

namespace digitrec::cli {
namespace {

std::vector<Column> columns(const TrainConfig& config) {
  std::vector<Column> columns{{"epoch", 7, 0}, {"train loss", 10, 1}, {"accuracy", 8, 2}};
  if (config.val_fraction > 0 || config.folds > 0) {
    columns.push_back({"held-out loss", 13, 0});
    columns.push_back({"accuracy", 8, 0});
  }
  columns.insert(columns.end(), {{"seconds", 7, 3}, {"images/s", 9, 4}});
  return columns;
}

std::string describe_stop(const MemberResult& result, const TrainConfig& config) {
  switch (result.reason) {
    case StopReason::patience:
      return fmt::format("stopped early after {}: none of the last {} was better",
                         format_count(result.epochs, "epoch", "epochs"), config.patience);
    case StopReason::max_seconds:
      return fmt::format("stopped in epoch {}, after {} seconds of training", result.epochs, config.max_seconds);
    case StopReason::interrupted:
      return fmt::format("interrupted in epoch {}: resume it with digitrec train --resume {}", result.epochs + 1,
                         shell_word(result.member.folder.string()));
    case StopReason::finished:
      break;
  }
  return "trained " + format_count(result.epochs, "epoch", "epochs");
}

/// What trains a complete run further.
const char* hint_to_continue(StopReason reason) {
  switch (reason) {
    case StopReason::patience:
      return "more --epochs, or another --patience (0: none), train it further";
    case StopReason::max_seconds:
      return "more --max-seconds (0: no limit) train it further";
    case StopReason::finished:
    case StopReason::interrupted:
      break;
  }
  return "more --epochs train it further";
}

std::string title(const Member& member) { return fmt::format("network {}/{}", member.number, member.count); }

/// "99.62% (95% interval 99.38 to 99.76)"
std::string accuracy_text(int64_t correct, int64_t rows) {
  const Interval interval = wilson_interval(correct, rows);
  return fmt::format("{:.2f}% (95% interval {:.2f} to {:.2f})",
                     100 * static_cast<double>(correct) / static_cast<double>(rows), 100 * interval.low,
                     100 * interval.high);
}

bool same_source(const Dataset& a, const Dataset& b) {
  const auto whole = [](const Dataset& dataset) {
    return std::filesystem::absolute(dataset.source).lexically_normal();
  };
  return whole(a) == whole(b);
}

/// Whether the run's data also holds images to predict, which are not those that it trained on.
bool has_images_to_predict(const TrainConfig& config, const Dataset& dataset) {
  const std::string data = from_here(config.data);
  std::error_code ignored;
  if (!is_data_folder(data) && !std::filesystem::is_regular_file(data, ignored)) return false;  // a pipe has ended
  DataOptions options = data_options(config);
  options.max_rows = 1;
  options.class_names.clear();
  try {
    const Dataset found = load_dataset(data, Purpose::predict, options);
    const bool is_same = same_source(found, dataset) && found.images[0].equal(dataset.images[0]);
    return !is_same && found.image_size() == dataset.image_size();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TrainingView::TrainingView(const TrainConfig& config, const Dataset& dataset, std::string device, std::string precision)
    : config_(config),
      dataset_(dataset),
      device_(std::move(device)),
      precision_(std::move(precision)),
      table_(columns(config), table_width(Stream::err)) {}

void TrainingView::keep(const MemberResult& member) {
  run_ = member.member.run;
  if (member.member.count > 1)
    log(fmt::format("{} is complete: {}", title(member.member), member.member.folder.string()));
}

void TrainingView::begin(const Member& member, const TrainStart& start) {
  run_ = member.run;
  if (!std::exchange(has_begun_, true)) {
    set_log_file(RunPaths(run_).log());
    catch_interrupts(
        fmt::format("digitrec: ended within a step that took more than {} s to hear the signal; what was saved before "
                    "is kept; resume it with digitrec train --resume {}",
                    kMaxSecondsUnheard, shell_word(run_.string())));
    begin_run(start);
  }
  if (member.count > 1) log(title(member));
  if (!start.initial.empty()) log(fmt::format("init    {}", start.initial));
  if (!start.damage.empty()) warn(start.damage);
  if (!start.changes.empty()) warn(start.changes);
  if (!start.epochs.empty() || start.batches > 0) {
    const std::string within = start.batches > 0 ? " and " + format_count(start.batches, "batch", "batches") : "";
    log(fmt::format("resumed after {}{}", format_count(static_cast<int64_t>(start.epochs.size()), "epoch", "epochs"),
                    within));
  }
}

void TrainingView::begin_run(const TrainStart& start) {
  validation_rows_ = start.validation_rows;
  log(fmt::format("model   {}: {} parameters, {} classes, {} x {} images", config_.model,
                  format_count(start.parameters), start.shape.classes, start.shape.image_size, start.shape.image_size));
  log(fmt::format("device  {}", device_));
  log(fmt::format("compute {}", precision_));
  log(fmt::format("data    {}: {} rows to train on, {} held back for validation{}", dataset_.source,
                  format_count(start.train_rows), format_count(start.validation_rows), in_brackets(dataset_.reading)));
  log(fmt::format("run     {}", run_.string()));
  if (start.leaked_rows > 0) {
    warn(
        fmt::format("{}: {} of the {} rows held back show images that are trained on too, or nearly the same: the "
                    "accuracy on them is too high; remove the duplicates",
                    dataset_.source, format_count(start.leaked_rows), format_count(start.validation_rows)));
  }
  if (may_hold_kaggle_test_images(dataset_)) {
    warn(fmt::format("{}: MNIST's files hold the images of Kaggle's test set; do not submit a model trained on them",
                     dataset_.source));
  }
  log(table_.header());
}

void TrainingView::on_batch(const BatchProgress& p) {
  losses_.push_back(p.loss);
  line_.draw({fmt::format("epoch {}/{}", p.epoch, p.epochs),
              static_cast<double>(p.batch) / static_cast<double>(p.batches),
              {fmt::format("loss {:.4f}", p.loss), format_percent(p.accuracy),
               format_duration(p.seconds_left) + " left", format_count(p.images_per_second) + " images/s"},
              losses_});
}

void TrainingView::on_epoch(const EpochMetrics& m, bool is_best, const Checkpoint& /*network*/) {
  line_.clear();
  losses_.clear();
  std::vector<std::string> cells{fmt::format("{}/{}", m.epoch, config_.epochs), fmt::format("{:.4f}", m.train_loss),
                                 format_percent(m.train_accuracy)};
  const bool is_validated = !std::isnan(m.val_accuracy);
  if (is_validated) cells.insert(cells.end(), {fmt::format("{:.4f}", m.val_loss), format_percent(m.val_accuracy)});
  cells.insert(cells.end(), {fmt::format("{:.1f}", m.seconds), format_count(m.images_per_second)});
  log(table_.row(cells) + (is_best && is_validated ? "  best" : ""));
  if (is_crowded() && !std::exchange(is_crowd_said_, true)) {
    warn("other programs want the processors too: training is slower while they do");
  }
}

void TrainingView::end(const RunResult& result) {
  line_.clear();
  if (result.members.size() == 1 && result.members.front().member.count == 1) {
    print_outcome(result.members.front());
  } else {
    print_outcome_of_several(result);
  }
}

void TrainingView::print_outcome(const MemberResult& result) const {
  std::cout << (result.was_complete ? "nothing left to train: " : "") << describe_stop(result, config_)
            << fmt::format(" ({:.1f} s of training)", result.seconds)
            << (result.was_complete ? fmt::format("; {}\n", hint_to_continue(result.reason)) : "\n");
  if (!result.best) return;
  const int64_t rows = validation_rows_;
  if (rows > 0) {
    const int64_t correct = std::llround(result.best->val_accuracy * static_cast<double>(rows));
    std::cout << fmt::format("validation accuracy {} on {} rows never trained on (epoch {}, {})\n",
                             accuracy_text(correct, rows), format_count(rows), result.best->epoch,
                             config_.select == SelectKind::last ? "the last" : "chosen on these rows");
  } else if (std::isfinite(result.best->val_accuracy)) {  // of an earlier call, which counted the rows
    std::cout << fmt::format("validation accuracy {} (epoch {})\n", format_percent(result.best->val_accuracy),
                             result.best->epoch);
  }
  say("checkpoint " + RunPaths(result.member.folder).best().string());
  if (result.reason != StopReason::interrupted) log_next_step();
}

void TrainingView::print_outcome_of_several(const RunResult& result) const {
  const int64_t count = count_members(config_);
  if (result.reason == StopReason::interrupted) {
    say(fmt::format("interrupted after {} of {} networks: resume it with digitrec train --resume {}",
                    result.members.size() - 1, count, shell_word(run_.string())));
    return;
  }
  std::cout << fmt::format("trained {} networks ({:.1f} s of training)\n", count, result.seconds);
  for (const std::string& doubt : result.held_out.doubts) warn(doubt);
  if (const int64_t rows = result.held_out.rows.numel(); rows > 0) {
    const at::Tensor labels = dataset_.labels.index_select(0, result.held_out.rows);
    const int64_t correct = result.held_out.probabilities.argmax(1).eq(labels).sum().item<int64_t>();
    std::cout << fmt::format("{} accuracy {} on {} rows, each scored by networks that never saw it\n",
                             config_.folds > 0 ? "out-of-fold" : "validation", accuracy_text(correct, rows),
                             format_count(rows))
              << chosen_on_scored_rows(config_) << '\n';
  }
  say("checkpoints " + run_.string());
  log_next_step();
}

/// Commands that work as they are printed.
void TrainingView::log_next_step() const {
  std::cout << std::flush;  // the result comes first
  const bool holds_back = config_.val_fraction > 0 || config_.folds > 0;
  const std::string run = shell_word(run_.string());
  const std::string data = from_here(config_.data);
  std::vector<std::string> next;
  if (has_images_to_predict(config_, dataset_)) {
    next.push_back(fmt::format("predict {}{}", run, data == TrainConfig{}.data ? "" : " " + shell_word(data)));
  } else if (holds_back) {
    next.push_back(fmt::format("eval {} --held-out", run));
  } else {
    next.push_back(fmt::format("serve {}", run));
  }
  if (holds_back) next.push_back(fmt::format("report {}", run));
  for (size_t i = 0; i < next.size(); ++i) log(fmt::format("{:<8}digitrec {}", i == 0 ? "next" : "", next[i]));
}

}  // namespace digitrec::cli
