#include "digitrec/run/run.h"

#include "digitrec/core/error.h"
#include "run/folder.h"
#include "run/paths.h"
#include "run/record.h"
#include "run/summary.h"
#include "train/plan.h"
#include "train/trainer.h"

#include <spdlog/fmt/fmt.h>

#include <optional>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// A run while it is trained.
class Run {
 public:
  Run(const TrainConfig& config, const Dataset& dataset, const fs::path& folder, const RunOptions& options)
      : config_(config),
        dataset_(dataset),
        paths_(folder),
        options_(options),
        members_(member_paths(paths_, config)),
        count_(static_cast<int64_t>(members_.size())) {}

  RunResult train();

 private:
  Member member(int64_t number) const { return {number, count_, paths_of(number).folder(), paths_.folder()}; }
  const RunPaths& paths_of(int64_t number) const { return members_[static_cast<size_t>(number - 1)]; }
  TrainConfig config_of(int64_t number) const;

  std::vector<std::optional<MemberResult>> find_complete_members();
  std::optional<MemberResult> find_complete(int64_t number, const TrainingRows& rows) const;
  TrainPlan plan(int64_t number);
  void make_folder();
  MemberResult train_member(int64_t number);
  TrainStart resume(int64_t number, Trainer& trainer, RunFolder& folder) const;
  TrainEvents events() const;
  void finish(RunResult& result) const;

  template <class Tell>
  void tell(Tell tell) const {
    for (RunObserver* observer : options_.observers) tell(*observer);
  }

  const TrainConfig& config_;
  const Dataset& dataset_;
  RunPaths paths_;
  const RunOptions& options_;
  std::vector<RunPaths> members_;  ///< one for each network
  int64_t count_;
  std::optional<TrainPlan> first_plan_;  ///< of member 1, until it is trained
  std::optional<RunFolder> folder_;      ///< opened when there is something to write
};

TrainConfig Run::config_of(int64_t number) const {
  TrainConfig config = config_;
  if (count_ == 1) return config;
  config.member = number;
  return config;
}

RunResult Run::train() {
  require_consistent(config_);
  RunResult result;
  std::vector<std::optional<MemberResult>> complete(static_cast<size_t>(count_));
  if (options_.start == Start::resumed) complete = find_complete_members();
  for (int64_t number = 1; number <= count_; ++number) {
    if (const auto& kept = complete[static_cast<size_t>(number - 1)]) {
      tell([&](RunObserver& observer) { observer.keep(*kept); });
      result.members.push_back(*kept);
      continue;
    }
    result.members.push_back(train_member(number));
    result.seconds += result.members.back().seconds;
    result.reason = result.members.back().reason;
    if (result.reason == StopReason::interrupted) break;
  }
  result.folder = paths_.folder();
  if (count_ > 1 && result.reason != StopReason::interrupted) finish(result);
  tell([&](RunObserver& observer) { observer.end(result); });
  return result;
}

/// Opens the folder and compares its contents with data and settings before anything is trained or changed.
std::vector<std::optional<MemberResult>> Run::find_complete_members() {
  folder_.emplace(paths_, config_, Start::resumed);
  first_plan_ = plan_training(config_of(1), dataset_);
  std::vector<std::optional<MemberResult>> complete;
  for (int64_t number = 1; number <= count_; ++number) complete.push_back(find_complete(number, first_plan_->rows));
  if (count_ > 1) folder_->update_config(config_);
  return complete;
}

/// A member is complete when its summary exists, which is written last, its files are sound (resuming may repair them),
/// and the configuration asks for no more epochs. Throws Error when it was trained on other rows than these.
std::optional<MemberResult> Run::find_complete(int64_t number, const TrainingRows& rows) const {
  const RunPaths paths = paths_of(number);
  const TrainConfig config = config_of(number);
  if (!fs::exists(paths.folder())) return std::nullopt;
  const std::optional<Loaded<TrainingState>> state = load_state(paths);
  if (!state) return std::nullopt;
  require_same_run(state->value, rows, config, paths.name());
  if (!state->damage.empty() || !fs::exists(paths.summary())) return std::nullopt;
  try {
    load_checkpoint(paths.best(), Fallback::none);
  } catch (const Error&) {
    return std::nullopt;
  }
  RunProgress progress;
  progress.restore(state->value, config);
  const std::optional<StopReason> reason = progress.reason_to_end(config);
  if (!reason) return std::nullopt;
  const int64_t partial = *reason == StopReason::max_seconds && progress.batches > 0 ? 1 : 0;
  return MemberResult{.member = member(number),
                      .reason = *reason,
                      .epochs = progress.epoch() - 1 + partial,
                      .best = progress.best(),
                      .seconds = progress.seconds(),
                      .was_complete = true};
}

TrainPlan Run::plan(int64_t number) {
  if (number == 1 && first_plan_) return *std::exchange(first_plan_, std::nullopt);
  return plan_training(config_of(number), dataset_);
}

/// Only now is its name known, when none was given.
void Run::make_folder() {
  folder_.emplace(paths_, config_, Start::fresh);
  paths_ = folder_->paths();
  members_ = member_paths(paths_, config_);
}

MemberResult Run::train_member(int64_t number) {
  const TrainConfig config = config_of(number);
  Trainer trainer(plan(number));
  if (!folder_) {
    trainer.initialize();  // here too, so that a file that does not fit is refused before anything is written
    make_folder();
  }
  const RunPaths paths = paths_of(number);
  std::optional<RunFolder> own;  // the member's, when the run has several
  if (count_ > 1) own.emplace(paths, config, fs::exists(paths.config()) ? Start::resumed : Start::fresh, paths_.log());
  RunFolder& folder = own ? *own : *folder_;
  const TrainStart start = resume(number, trainer, folder);
  folder.update_config(config);
  tell([&](RunObserver& observer) { observer.begin(member(number), start); });
  const TrainResult trained = trainer.run(folder, events());
  const MemberResult result{member(number), trained.reason, trained.epochs, trained.best, trained.seconds};
  write_summary(paths, config, start, result);
  return result;
}

/// Resumes from the folder's state, if it has one.
TrainStart Run::resume(int64_t number, Trainer& trainer, RunFolder& folder) const {
  const std::optional<Loaded<TrainingState>> state = load_state(folder.paths());
  if (!state) {
    trainer.initialize();
    return trainer.start();
  }
  trainer.resume(state->value, folder.paths().name());
  const int64_t wanted = trainer.best_epoch();
  trainer.set_best_epoch(folder.restore(*state, wanted));
  // The log is the run's: behind a member that others have followed it tells of those.
  const bool is_last = number == count_ || !fs::exists(paths_of(number + 1).state());
  if (is_last) folder.cut_log(state->value);
  TrainStart start = trainer.start();
  start.damage = state->damage;
  if (const int64_t found = trainer.best_epoch(); found != wanted) {
    start.damage += fmt::format(
        "{}{} no longer holds epoch {}; {}", start.damage.empty() ? "" : "; ", folder.best().string(), wanted,
        found > 0 ? fmt::format("epoch {} takes its place", found) : "the best of the next epochs takes its place");
  }
  return start;
}

TrainEvents Run::events() const {
  TrainEvents events;
  events.should_stop = options_.should_stop;
  events.on_batch = [this](const BatchProgress& progress) {
    tell([&](RunObserver& observer) { observer.on_batch(progress); });
  };
  events.on_epoch = [this](const EpochMetrics& metrics, bool is_best, const Checkpoint& network) {
    tell([&](RunObserver& observer) { observer.on_epoch(metrics, is_best, network); });
  };
  return events;
}

/// Scores the rows held back, each by the networks that never saw it.
void Run::finish(RunResult& result) const {
  result.reason = StopReason::finished;
  result.held_out = predict_held_out(paths_.folder(), dataset_, options_as_trained(config_));
  if (result.held_out.rows.numel() == 0) return write_summary(paths_, config_, nullptr);
  const Metrics metrics = compute_metrics(result.held_out.probabilities,
                                          dataset_.labels.index_select(0, result.held_out.rows), dataset_.classes);
  write_summary(paths_, config_, &metrics);
}

}  // namespace

RunResult train(const TrainConfig& config, const Dataset& dataset, const fs::path& folder, const RunOptions& options) {
  return Run(config, dataset, folder, options).train();
}

}  // namespace digitrec
