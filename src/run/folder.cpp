#include "run/folder.h"

#include "checkpoint/load_or_previous.h"
#include "core/atomic_file.h"
#include "core/file.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/core/version.h"

#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// The note in a state that holds the log's length in bytes when the state was saved.
constexpr const char* kLogBytes = "log_bytes";

void duplicate_file(const fs::path& from, const fs::path& to) {
  write_file(to, read_regular_file(from, fs::file_size(from)));
}

/// The outermost folder of `path` that does not exist yet; empty when all do.
fs::path first_missing(const fs::path& path) {
  fs::path missing;
  for (fs::path part = path; !part.empty() && !fs::exists(part); part = part.parent_path()) missing = part;
  return missing;
}

/// Makes the folder and its parents. False where it, or a file of its name, exists: one call decides between runs that
/// are begun at once.
bool make_new(const RunPaths& run) {
  for (int tries = 1;; ++tries) {
    std::error_code error;
    if (run.folder().has_parent_path()) fs::create_directories(run.folder().parent_path(), error);
    if (!error) {
      if (::mkdir(run.folder().c_str(), 0777) == 0) return true;
      if (errno == EEXIST) return false;
      error = {errno, std::generic_category()};
    }
    // A run that fails removes the folders that it made, perhaps the parent just now.
    if (error == std::errc::no_such_file_or_directory && tries < 3) continue;
    throw Error(fmt::format("{}: cannot be made: {}", run.name(), error.message()), "choose another `out`");
  }
}

/// Throws Error unless the folder is empty, but for what a run that was killed at its start left there, which is
/// removed.
void require_empty(const RunPaths& run) {
  const std::vector<fs::path> left = find_temporary_files(run.folder(), run.files());
  std::error_code error;
  size_t entries = 0;
  for (fs::directory_iterator entry(run.folder(), error), end; !error && entry != end; entry.increment(error))
    ++entries;
  if (error) throw Error(fmt::format("{}: cannot be read: {}", run.name(), error.message()));
  if (entries > left.size()) {
    throw Error(
        fmt::format("{}: already exists and is not empty", run.name()),
        fmt::format("choose another `out` or {}",
                    fs::exists(run.config()) ? "resume it with `resume` " + shell_word(run.name()) : "remove it"));
  }
  for (const fs::path& file : left) fs::remove(file, error);
}

fs::path default_folder(const TrainConfig& config) {
  return fs::path("runs") / fmt::format("{}-{:%Y%m%d-%H%M%S}", config.model, fmt::localtime(std::time(nullptr)));
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
  const std::string hint = fmt::format("train again with `config` {} and another `out`", paths.config().string());
  if (!fs::exists(paths.state()) && !fs::exists(previous_file(paths.state()))) {
    // The first state is saved before the first batch: without it there can be nothing else.
    for (const fs::path& file : paths.files()) {
      if (file == paths.config() || file == paths.log() || !fs::exists(file)) continue;
      throw Error(fmt::format("{}: no {} beside {}; without it the run cannot be resumed", paths.name(),
                              paths.state().filename().string(), file.filename().string()),
                  hint);
    }
    return std::nullopt;
  }
  try {
    return load_or_previous(paths.state(), Fallback::previous,
                            [](const fs::path& path) { return TrainingState(path); });
  } catch (const Error& error) {
    throw Error(fmt::format("{}: what it saved to resume from cannot be used ({})", paths.name(), error.what()), hint);
  }
}

RunFolder::RunFolder(RunPaths paths, const TrainConfig& config, Start start, fs::path log)
    : paths_(std::move(paths)), log_(std::move(log)) {
  if (start == Start::resumed) {
    open();
  } else {
    make(config);
  }
  if (log_.empty()) log_ = paths_.log();
}

/// The folder that was asked for, or one with a name that no other run has taken, and its config.toml.
void RunFolder::make(const TrainConfig& config) {
  const bool is_named = !paths_.folder().empty();
  const fs::path wanted = is_named ? paths_.folder() : default_folder(config);
  bool is_new = false;
  for (int number = 1; !is_new; ++number) {
    paths_ = number == 1 ? wanted : fs::path(fmt::format("{}-{}", wanted.string(), number));
    first_new_ = first_missing(paths_.folder());
    is_new = make_new(paths_);
    if (is_named) break;
  }
  if (!is_new) first_new_.clear();
  if (!is_new && !fs::is_directory(paths_.folder())) {
    throw Error(fmt::format("{}: is a file; expected a folder to make for the run", paths_.name()),
                "choose another `out`");
  }
  lock_.emplace(paths_.folder());
  require_empty(paths_);
  try {
    write_file(paths_.config(), config_text(config));
  } catch (...) {
    discard();
    throw;
  }
}

void RunFolder::open() {
  lock_.emplace(paths_.folder());
  // A pipe among them would be waited for.
  for (const fs::path& file : paths_.files()) {
    if (fs::exists(file)) require_regular_file(file);
  }
  std::error_code ignored;
  for (const fs::path& left : find_temporary_files(paths_.folder(), paths_.files())) fs::remove(left, ignored);
  has_checkpoint_ = true;  // a resumed run is never removed, not even without a checkpoint
}

std::string RunFolder::config_text(const TrainConfig& config) const {
  TrainConfig own = config;
  own.out = paths_.name();
  return fmt::format("# digitrec {}: the whole configuration of this run\n", version()) + to_toml(own);
}

RunFolder::~RunFolder() {
  if (saving_.valid()) saving_.wait();
  try {
    if (!has_checkpoint_ && paths_.members().empty()) discard();
  } catch (const Error&) {
    // Whether there are members is not known, so nothing is removed.
  }
}

void RunFolder::discard() const {
  std::error_code ignored;
  for (const fs::path& file : paths_.files()) fs::remove(file, ignored);
  for (const fs::path& file : find_temporary_files(paths_.folder(), paths_.files())) fs::remove(file, ignored);
  fs::remove(paths_.report(), ignored);
  fs::remove_all(paths_.tensorboard(), ignored);
  // The folders made for this run go too, if they are empty: others may have put something there by now.
  for (fs::path made = paths_.folder(); !first_new_.empty(); made = made.parent_path()) {
    fs::remove(made, ignored);
    if (made == first_new_) break;
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
  if (read_regular_file(paths_.config(), 1 << 20) != text) write_file(paths_.config(), text);
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
    if (!files.epochs.empty()) write_file(paths_.metrics(), metrics_csv(files.epochs));
    files.state.save(paths_.state());  // last: the files it refers to exist by then
    if (!files.is_start) has_checkpoint_ = true;
  });
}

void RunFolder::wait() {
  if (saving_.valid()) saving_.get();
}

void RunFolder::check() {
  if (saving_.valid() && saving_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) saving_.get();
}

}  // namespace digitrec
