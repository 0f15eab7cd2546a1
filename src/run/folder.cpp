#include "run/folder.h"

#include "checkpoint/load_or_previous.h"
#include "core/file.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <system_error>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// The note in a state that holds the log's length in bytes when the state was saved.
constexpr const char* kLogBytes = "log_bytes";

void duplicate_file(const fs::path& from, const fs::path& to) { write_file(to, read_file(from, fs::file_size(from))); }

int64_t count_lines(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = read_file(file, fs::file_size(file));
  return std::count(text.begin(), text.end(), '\n');
}

/// The outermost folder of `path` that does not exist yet; empty when all do.
fs::path first_missing(const fs::path& path) {
  fs::path missing;
  for (fs::path part = path; !part.empty() && !fs::exists(part); part = part.parent_path()) missing = part;
  return missing;
}

void require_empty(const RunPaths& run) {
  std::error_code error;
  if (fs::is_empty(run.folder(), error)) return;
  throw Error(fmt::format("{}: already exists and is not empty", run.name()),
              fmt::format("choose another `out` or {}",
                          fs::exists(run.config()) ? "resume it with `resume` " + run.name() : "remove it"));
}

/// Makes the folder and its parents, or takes an empty one. Returns what first_missing returned before. Throws Error
/// when the folder is not empty or cannot be made.
fs::path make_run_folder(const RunPaths& run) {
  if (fs::exists(run.folder()) && !fs::is_directory(run.folder())) {
    throw Error(fmt::format("{}: is a file; expected a folder to make for the run", run.name()),
                "choose another `out`");
  }
  if (fs::exists(run.folder())) {
    // A run that was killed at its start may have left some.
    remove_temporary_files(run.folder());
    require_empty(run);
  }
  fs::path first_new = first_missing(run.folder());
  make_folder(run.folder());
  return first_new;
}

std::string config_text(const TrainConfig& config) {
  return fmt::format("# digitrec {}: the whole configuration of this run\n", version()) + to_toml(config);
}

/// The epoch that a checkpoint holds; 0 when it cannot be used.
int64_t epoch_of(const fs::path& file) {
  try {
    const CheckpointInfo info = load_checkpoint(file, Fallback::none).value.info;
    const auto found = info.metrics.find("epoch");
    return found == info.metrics.end() ? 0 : std::llround(found->second);
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace

std::optional<Loaded<TrainingState>> load_state(const RunPaths& paths) {
  if (!fs::exists(paths.state()) && !fs::exists(previous_file(paths.state()))) {
    // A run killed in its first epoch may have checkpoints, but no second epoch in metrics.csv and no summary.
    const bool has_more = fs::exists(paths.summary()) || count_lines(paths.metrics()) > 2;
    if (!has_more) return std::nullopt;
    throw Error(fmt::format("{}: no {} beside its checkpoints; without it the run cannot be resumed", paths.name(),
                            paths.state().filename().string()));
  }
  return load_or_previous(paths.state(), Fallback::previous, [](const fs::path& path) { return TrainingState(path); });
}

RunFolder::RunFolder(RunPaths paths, const TrainConfig& config, Start start, fs::path log)
    : paths_(std::move(paths)), log_(std::move(log)) {
  if (start == Start::resumed) {
    lock_.emplace(paths_.folder());
    remove_temporary_files(paths_.folder());
    has_checkpoint_ = true;  // a resumed run is never removed, not even without a checkpoint
    return;
  }
  first_new_ = make_run_folder(paths_);
  lock_.emplace(paths_.folder());
  require_empty(paths_);
  try {
    write_file(paths_.config(), config_text(config));
  } catch (...) {
    discard();
    throw;
  }
}

RunFolder::~RunFolder() {
  if (saving_.valid()) saving_.wait();
  if (!has_checkpoint_ && paths_.members().empty()) discard();
}

void RunFolder::discard() const {
  std::error_code ignored;
  if (first_new_.empty()) {
    // The folder existed and was empty, as require_empty checked.
    for (const auto& entry : fs::directory_iterator(paths_.folder(), ignored)) fs::remove_all(entry.path(), ignored);
    return;
  }
  fs::remove_all(paths_.folder(), ignored);
  // Parents made for this run go too, if they are empty: another run may lie in one by now.
  for (fs::path made = paths_.folder(); made != first_new_;) {
    made = made.parent_path();
    fs::remove(made, ignored);
  }
}

int64_t RunFolder::restore(const Loaded<TrainingState>& state, int64_t best_epoch) const {
  // Otherwise the next state would replace the only good one.
  if (!state.damage.empty()) duplicate_file(state.file, paths_.state());
  return best_epoch > 0 ? restore_best(best_epoch) : 0;
}

void RunFolder::cut_log(const TrainingState& state) const {
  const std::string note = state.note(kLogBytes);
  uintmax_t bytes = 0;
  const auto [stop, error] = std::from_chars(note.data(), note.data() + note.size(), bytes);
  if (error != std::errc{} || stop != note.data() + note.size()) return;
  std::error_code ignored;  // a log that is missing is begun again
  if (const uintmax_t size = fs::file_size(log_, ignored); !ignored && size > bytes)
    fs::resize_file(log_, bytes, ignored);
}

int64_t RunFolder::restore_best(int64_t epoch) const {
  if (epoch_of(paths_.best()) == epoch) return epoch;
  if (epoch_of(paths_.last()) == epoch) {
    duplicate_file(paths_.last(), paths_.best());
    return epoch;
  }
  const fs::path before = previous_file(paths_.best());
  const int64_t previous = epoch_of(before);
  if (previous < 1 || previous > epoch) return 0;
  duplicate_file(before, paths_.best());
  return previous;
}

void RunFolder::update_config(const TrainConfig& config) const {
  const std::string text = config_text(config);
  if (read_file(paths_.config(), 1 << 20) != text) write_file(paths_.config(), text);
}

void RunFolder::save(TrainingFiles files) {
  wait();
  std::error_code error;
  if (const uintmax_t bytes = fs::file_size(log_, error); !error)
    files.state.set_note(kLogBytes, std::to_string(bytes));
  saving_ = std::async(std::launch::async, [this, files = std::move(files)] {
    if (files.is_best) write_safetensors(paths_.best(), files.network, Replaced::kept_as_previous);
    if (!files.network.tensors.empty()) {
      write_safetensors(paths_.last(), files.network);
      has_checkpoint_ = true;
    }
    write_file(paths_.metrics(), metrics_csv(files.epochs));
    files.state.save(paths_.state());  // last: the files it refers to exist by then
    has_checkpoint_ = true;
  });
}

void RunFolder::wait() {
  if (saving_.valid()) saving_.get();
}

void RunFolder::check() {
  if (saving_.valid() && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) saving_.get();
}

}  // namespace digitrec
