#include "figures/figures.h"

#include "figure_templates.h"
#include "figures/figure_text.h"
#include "figures/gnuplot.h"
#include "figures/image_figures.h"
#include "train/schedule.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

/// With more classes, their figures are too dense to read.
constexpr size_t kMaxNamedClasses = 20;

/// "4200 rows held back, ..."
std::string held_back(const RunRecord& run) {
  return fmt::format("{} rows held back, each read by networks that never saw it", run.metrics.rows);
}

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }

// ---- curves --------------------------------------------------------------------------------------------------------

/// Learning rates over the epochs done: "epoch rate" a line. Between the ends of the epochs, which metrics.csv has,
/// they follow the schedule, unless it is not the one that the run had all along.
std::string learning_rates(const TrainConfig& config, const std::vector<EpochMetrics>& epochs, double& top) {
  constexpr int64_t kSteps = 100;  // drawn of an epoch
  const Schedule schedule(config, kSteps);
  const bool is_known =
      config.schedule != ScheduleKind::plateau && std::all_of(epochs.begin(), epochs.end(), [&](const EpochMetrics& m) {
        return std::abs(schedule.rate(m.epoch * kSteps - 1) - m.lr) < 0.02 * config.lr;
      });
  std::string rates;
  const auto add_rate = [&](double epoch, double rate) {
    add(rates, "{} {}\n", epoch, rate);
    top = std::max(top, rate);
  };
  for (const EpochMetrics& m : epochs) {
    for (int64_t step = is_known ? 0 : kSteps; step < kSteps; ++step) {
      const auto done = static_cast<double>(step) / kSteps;
      add_rate(static_cast<double>(m.epoch) - 1 + done, schedule.rate((m.epoch - 1) * kSteps + step));
    }
    add_rate(static_cast<double>(m.epoch), m.lr);
  }
  return rates;
}

void draw_curves(const RunRecord& run, const fs::path& folder) {
  std::string rows;
  double lowest = 100;
  int64_t last = 1;
  for (const NetworkRecord& network : run.networks) {
    for (const EpochMetrics& m : network.epochs) {
      add(rows, "{} {} {} {} {}\n", m.epoch, m.train_loss, m.train_accuracy, m.val_loss, m.val_accuracy);
      last = std::max(last, m.epoch);
      // The first epoch, far below the others, would flatten them.
      if (m.epoch > 1 || network.epochs.size() == 1)
        lowest = std::min({lowest, 100 * m.train_accuracy, std::isnan(m.val_accuracy) ? 100 : 100 * m.val_accuracy});
    }
    rows += "\n\n";
  }
  const size_t networks = run.networks.size();
  double top_rate = 0;
  const std::string rates = learning_rates(run.config, run.networks.front().epochs, top_rate);
  const std::string many = networks > 1 ? fmt::format(", {} networks", networks) : "";
  Figure("curves", kFigureWidth, 460, templates::kCurves)
      .set("title", "Loss and accuracy")
      .set("subtitle",
           fmt::format("{}{}; {} right on {}", subject(run), many, percent(run.metrics.accuracy), held_back(run)))
      .set("networks", static_cast<double>(networks))
      .set("best", static_cast<double>(networks > 1 ? 0 : run.networks.front().best_epoch))
      .set("last", static_cast<double>(last))
      .set("top_rate", top_rate)
      .set("low", std::floor(2 * lowest) / 2)
      .table("epochs", rows)
      .table("rates", rates)
      .draw(folder);
}

// ---- metrics -------------------------------------------------------------------------------------------------------

/// Of all classes the number and the name, cut to what fits beside an axis.
std::string class_names(const Metrics& metrics) {
  constexpr size_t kMaxName = 8;
  std::string rows;
  for (size_t c = 0; c < metrics.classes.size(); ++c)
    add(rows, "{} {}\n", c, quote(shorten(metrics.classes[c].name, kMaxName)));
  return rows;
}

void draw_confusion(const RunRecord& run, const fs::path& folder) {
  const auto& confusion = run.metrics.confusion;
  const size_t classes = confusion.size();
  int64_t max_count = 1;
  for (const auto& row : confusion) max_count = std::max(max_count, *std::max_element(row.begin(), row.end()));
  // Logarithmic, and every mistake has a colour.
  const auto shade = [](double value, double top) {
    return value > 0 ? std::max(0.06, std::log1p(value) / std::log1p(top)) : 0.0;
  };
  std::string rows;
  for (size_t label = 0; label < classes; ++label) {
    const auto support = static_cast<double>(std::max<int64_t>(1, run.metrics.classes[label].support));
    for (size_t answer = 0; answer < classes; ++answer) {
      const int64_t count = confusion[label][answer];
      const double share = static_cast<double>(count) / support;
      add(rows, "{} {} {} {} {} {:.3f} {:.3f}\n", label, answer, count, quote(count > 0 ? std::to_string(count) : "·"),
          quote(count > 0 ? fmt::format("{:.1f}", 100 * share) : "·"),
          shade(static_cast<double>(count), static_cast<double>(max_count)), shade(1000 * share, 1000));
    }
  }
  const bool are_long = longest_name(run) > 2;  // then they stand aslant below the columns
  Figure("confusion", kFigureWidth, are_long ? 500 : 470, templates::kConfusion)
      .set("title", "What each class is read as")
      .set("subtitle", fmt::format("{}: {}; {} right", subject(run), held_back(run), percent(run.metrics.accuracy)))
      .set("classes", static_cast<double>(classes))
      .set("names_room", are_long ? 32.0 : 0.0)
      .set("cell_font", classes > 10 ? ",5" : ",9")
      .set("tick_font", classes > 10 ? ",8" : ",10")
      .table("names", class_names(run.metrics))
      .table("cells", rows)
      .draw(folder);
}

void draw_classes(const RunRecord& run, const fs::path& folder) {
  // Below the axis each has its part of the width, at 6.5 pixels a character.
  const auto max_name = static_cast<size_t>(716 / 6.5 / static_cast<double>(run.metrics.classes.size()));
  std::string rows;
  double lowest = 1;
  for (size_t c = 0; c < run.metrics.classes.size(); ++c) {
    const ClassMetrics& m = run.metrics.classes[c];
    if (m.support == 0) continue;  // its ratios are 0 only because it has no rows
    add(rows, "{} {} {} {} {} {}\n", c, 100 * m.precision, 100 * m.recall, 100 * m.f1, m.support,
        quote(shorten(m.name, std::max<size_t>(2, max_name))));
    lowest = std::min({lowest, m.precision, m.recall});
  }
  Figure("classes", kFigureWidth, 420, templates::kClasses)
      .set("title", "Precision, recall and F1")
      .set("subtitle", fmt::format("{}: {}", subject(run), held_back(run)))
      .set("classes", static_cast<double>(run.metrics.classes.size()))
      .set("low", std::max(0.0, std::floor(200 * lowest) / 2 - 0.25))
      .table("classes", rows)
      .draw(folder);
}

void draw_reliability(const RunRecord& run, const fs::path& folder) {
  std::string rows;
  int64_t max_rows = 1;
  for (size_t i = 0; i < run.metrics.calibration.size(); ++i) {
    const CalibrationBin& bin = run.metrics.calibration[i];
    if (bin.rows == 0) continue;
    const auto bins = static_cast<double>(run.metrics.calibration.size());
    add(rows, "{} {} {} {} {}\n", static_cast<double>(i) / bins, static_cast<double>(i + 1) / bins, bin.confidence,
        bin.accuracy, bin.rows);
    max_rows = std::max(max_rows, bin.rows);
  }
  Figure("reliability", kFigureWidth, 460, templates::kReliability)
      .set("title", "Can its probabilities be believed?")
      .set("subtitle", fmt::format("{}: {}; expected calibration error {}", subject(run), held_back(run),
                                   percent(run.metrics.calibration_error)))
      .set("top_rows", static_cast<double>(max_rows))
      .table("bins", rows)
      .draw(folder);
}

/// Calls the classes by their numbers where no font has the characters of their names; then says so in a line.
RunRecord with_legible_names(const RunRecord& run, std::vector<std::string>& notes) {
  std::string names;
  for (const ClassMetrics& m : run.metrics.classes) names += m.name;
  if (is_legible(names)) return run;
  RunRecord legible = run;
  Classes& classes = legible.dataset.classes;
  classes.names.clear();
  for (size_t c = 0; c < run.metrics.classes.size(); ++c)
    legible.metrics.classes[c].name = classes.name(static_cast<int64_t>(c));
  const auto known = [&](size_t c) {
    return fmt::format("{} ({})", legible.metrics.classes[c].name, run.metrics.classes[c].name);
  };
  notes.push_back(
      fmt::format("no font here has the characters of the classes' names; the figures show their numbers, {} to {}",
                  known(0), known(run.metrics.classes.size() - 1)));
  return legible;
}

}  // namespace

std::vector<std::string> draw_figures(const RunRecord& run, const fs::path& folder,
                                      const std::function<void(const fs::path&)>& on_drawn) {
  std::vector<std::string> notes;
  const RunRecord legible = with_legible_names(run, notes);
  const Checkpoint network = load_checkpoint(run.networks.front().checkpoint, Fallback::none).value;
  struct Job {
    const char* name;
    std::function<bool()> draw;  ///< returns false where there is nothing to draw
  };
  const auto always = [&](void (*draw)(const RunRecord&, const fs::path&)) {
    return [&legible, &folder, draw] { return draw(legible, folder), true; };
  };
  std::vector<Job> jobs{{"curves", always(draw_curves)},
                        {"reliability", always(draw_reliability)},
                        {"mistakes", always(draw_mistakes)},
                        {"pixels", always(draw_pixels)},
                        {"filters", [&] { return draw_filters(legible, network, folder), true; }},
                        {"feature-maps", [&] { return draw_feature_maps(legible, network, folder); }}};
  if (run.metrics.classes.size() > kMaxNamedClasses) {
    notes.push_back(
        fmt::format("confusion, classes and predictions are left out: {} classes, and they are legible up to {}; "
                    "report.html has the first two",
                    run.metrics.classes.size(), kMaxNamedClasses));
  } else {
    jobs.insert(jobs.begin() + 2, {"predictions", always(draw_predictions)});
    jobs.insert(jobs.begin() + 1, {{"confusion", always(draw_confusion)}, {"classes", always(draw_classes)}});
  }

  // gnuplot uses one core, so one figure is drawn per core.
  std::mutex mutex;
  size_t next = 0;
  size_t told = 0;
  std::vector<std::optional<bool>> drawn(jobs.size());
  std::exception_ptr failure;
  // In the order of the jobs, whichever is drawn first.
  const auto tell = [&] {
    for (; told < jobs.size() && drawn[told]; ++told) {
      if (*drawn[told]) on_drawn(folder / fmt::format("{}.png", jobs[told].name));
    }
  };
  const auto work = [&] {
    std::unique_lock lock(mutex);
    while (next < jobs.size() && !failure) {
      const size_t mine = next++;
      lock.unlock();
      bool is_drawn = false;
      std::exception_ptr thrown;
      try {
        is_drawn = jobs[mine].draw();
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (thrown) {
        failure = thrown;
        return;
      }
      drawn[mine] = is_drawn;
      tell();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) workers.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  return notes;
}

}  // namespace digitrec
