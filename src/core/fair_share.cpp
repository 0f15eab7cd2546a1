#include "core/fair_share.h"

#include "core/processor_time.h"
#include "core/processors.h"
#include "core/quiet_thread.h"
#include "core/short_spins.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace digitrec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(100);

// Shares of the time in which the threads could have run. Alone they wait for less than a hundredth.
constexpr double kCrowded = 0.03;      ///< of waiting, above which spins are short
constexpr double kVeryCrowded = 0.15;  ///< of waiting, above which the threads keep to one half
constexpr double kAll = 0.8;           ///< of running in one half, below which the other half may be better

constexpr int kQuietTicks = 10;   ///< without waiting, after which spins are long again
constexpr int kTicksInHalf = 20;  ///< after which the threads spread out to look

}  // namespace

class FairShare::Watcher {
 public:
  explicit Watcher(std::vector<int64_t> threads)
      : threads_(std::move(threads)), others_(thread_numbers()), processors_(allowed_processors(threads_.front())) {
    // More threads than processors wait for each other.
    const bool has_room = threads_.size() <= processors_.size();
    if (threads_.size() < 2 || !has_room || !processor_time(threads_)) return;
    std::erase_if(others_,
                  [&](int64_t other) { return std::find(threads_.begin(), threads_.end(), other) != threads_.end(); });
    thread_ = start_quiet_thread([this](const std::stop_token& stop) { watch(stop); });
  }

  bool is_crowded() const { return is_crowded_; }

 private:
  void watch(const std::stop_token& stop) {
    ProcessorTime before = processor_time(threads_).value_or(ProcessorTime{});
    Clock::time_point then = Clock::now();
    for (sleep_until_stopped(stop, kTick); !stop.stop_requested(); sleep_until_stopped(stop, kTick)) {
      const std::optional<ProcessorTime> time = processor_time(threads_);
      if (!time) break;
      const Clock::time_point now = Clock::now();
      const double seconds = std::chrono::duration<double>(now - then).count();
      if (ticks_in_half_ > 0) {
        look_in_half((time->ran - before.ran) / seconds);
      } else {
        look((time->waited - before.waited) / seconds / static_cast<double>(threads_.size()));
      }
      before = *time;
      then = now;
    }
    spread();
  }

  /// `waited`: the share of the last tick in which a thread waited for a processor.
  void look(double waited) {
    quiet_ticks_ = waited > kCrowded ? 0 : quiet_ticks_ + 1;
    if (quiet_ticks_ >= kQuietTicks) {
      short_spins_.reset();
      is_crowded_ = false;
    }
    if (waited <= kCrowded) return;
    is_crowded_ = true;
    try {
      if (!short_spins_) short_spins_.emplace();
    } catch (const std::system_error&) {  // no room for more threads: the computation goes on without
    }
    if (waited > kVeryCrowded) gather();
  }

  /// `processors`: as many as the threads had in the last tick. Waiting says nothing here: they wait for each other.
  void look_in_half(double processors) {
    if (++ticks_in_half_ > kTicksInHalf) return spread();
    const bool has_all = processors > kAll * static_cast<double>(processors_.size() / 2);
    if (has_all || ticks_in_half_ % 5 != 0) return;
    is_upper_half_ = !is_upper_half_;
    allow_half();
  }

  void gather() {
    if (threads_.size() < processors_.size()) return;  // others have room beside them
    ticks_in_half_ = 1;
    allow_half();
  }

  void allow_half() {
    const auto middle = processors_.begin() + static_cast<std::ptrdiff_t>(processors_.size() / 2);
    allow(is_upper_half_ ? std::vector(middle, processors_.end()) : std::vector(processors_.begin(), middle));
  }

  /// Threads that were started since inherit what their starter may use: those of the computation among them.
  void allow(const std::vector<int>& processors) const {
    for (const int64_t thread : thread_numbers()) {
      if (!std::binary_search(others_.begin(), others_.end(), thread)) allow_processors(thread, processors);
    }
  }

  void spread() {
    if (ticks_in_half_ == 0) return;
    ticks_in_half_ = 0;
    allow(processors_);
  }

  std::vector<int64_t> threads_;
  std::vector<int64_t> others_;  ///< that were there before, ascending
  std::vector<int> processors_;
  std::atomic<bool> is_crowded_ = false;
  int quiet_ticks_ = 0;
  int ticks_in_half_ = 0;  ///< 0: the threads use all processors
  bool is_upper_half_ = true;
  std::optional<ShortSpins> short_spins_;
  std::jthread thread_;  // last: it uses the others
};

FairShare::FairShare(std::vector<int64_t> threads) : watcher_(std::make_unique<Watcher>(std::move(threads))) {}
FairShare::~FairShare() = default;

bool FairShare::is_crowded() const { return watcher_->is_crowded(); }

}  // namespace digitrec
