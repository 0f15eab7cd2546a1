#include "serve/engine.h"

#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "image/picture_refusal.h"
#include "infer/saliency.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <span>

namespace digitrec::serve {
namespace {

/// Tasks in one batch; more would make the first one wait.
constexpr size_t kMaxTasks = 32;
/// Digits that go through a network before the worker looks whether anybody still waits for them.
constexpr size_t kMaxDigits = 128;
/// A larger picture is a large task.
constexpr int64_t kMaxSmallPixels = 1 << 20;
constexpr int64_t kMaxSmallBytes = 16 << 20;
/// Memory that large tasks take at a time, but for one that needs more by itself.
constexpr int64_t kMaxLargeBytes = 216 << 20;
/// Memory for the answer about one digit: with what the model saw and what spoke for it, and without.
constexpr int64_t kExplainedBytes = 48 << 10;
constexpr int64_t kAnswerBytes = 2 << 10;

/// Wider digits, in their own heights, may be two that touch: of 20,000 pairs of Kaggle's digits put together so that
/// they touch 62% are, of its single ones 2.1%.
constexpr double kWide = 1.3;

/// Whether a digit of the picture is wider than one would be.
bool is_wide(const FramedDigit& digit, const GrayImage& image) {
  return (digit.right - digit.left) * static_cast<double>(image.width) >
         kWide * (digit.bottom - digit.top) * static_cast<double>(image.height);
}

/// Finds a picture's digits, which are not read yet.
Reading frame(const Picture& picture, const Predictor& model, const std::stop_token& stop) {
  const PictureKind kind = picture_kind(model.data_options().framing, model.classes(), model.shape().classes);
  try {
    std::vector<ReadDigit> digits;
    if (const auto* pixels = std::get_if<GrayImage>(&picture)) {  // framed already, as in a data set
      if (std::all_of(pixels->pixels.begin(), pixels->pixels.end(), [](uint8_t level) { return level == 0; })) {
        return "picture: blank: all its pixels are 0";
      }
      digits.push_back({.framed = {pixels->pixels}, .is_found = false});
      return digits;
    }
    const GrayImage image = decode_image(std::get<std::string>(picture), "picture",
                                         {.is_stopped = [&stop] { return stop.stop_requested(); }});
    for (FramedDigit& digit : frame_picture(image, model.shape().image_size, kind)) {
      const bool wide = kind == PictureKind::number && is_wide(digit, image);
      std::vector<FramedDigit> halves = std::exchange(digit.halves, {});
      digits.push_back({.framed = std::move(digit), .is_wide = wide});
      if (halves.empty()) continue;
      digits.push_back({.framed = std::move(halves.front()), .part = Part::left_half});
      digits.push_back({.framed = std::move(halves.back()), .part = Part::right_half});
    }
    return digits;
  } catch (const Error& error) {
    return why_refused(error, kind);
  }
}

/// Leaves out of a picture what does not stand for it, once all is read.
void keep_chosen_parts(std::vector<ReadDigit>& digits) {
  std::vector<Part> parts;
  std::vector<float> probability;
  for (const ReadDigit& digit : digits) {
    parts.push_back(digit.part);
    probability.push_back(*std::max_element(digit.probabilities.begin(), digit.probabilities.end()));
  }
  const std::vector<bool> stands = choose_parts(parts, probability);
  const std::vector<float> trust = trust_in_parts(parts, probability);
  std::vector<ReadDigit> kept;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (!stands[i]) continue;
    for (float& share : digits[i].probabilities) share *= trust[i];
    kept.push_back(std::move(digits[i]));
  }
  digits = std::move(kept);
}

std::vector<float> row_of(const at::Tensor& rows, size_t i) {
  const at::Tensor row = rows[static_cast<int64_t>(i)].contiguous();
  return {row.const_data_ptr<float>(), row.const_data_ptr<float>() + row.numel()};
}

Dataset dataset_of(std::span<ReadDigit* const> digits, int64_t image_size) {
  std::vector<uint8_t> pixels;
  for (const ReadDigit* digit : digits) {
    pixels.insert(pixels.end(), digit->framed.pixels.begin(), digit->framed.pixels.end());
  }
  return make_dataset(std::move(pixels), {}, image_size, "picture");
}

}  // namespace

/// A task that is being read.
struct Engine::Job {
  Task task;
  std::vector<Picture> pictures{};
  std::variant<std::vector<Reading>, std::exception_ptr> result{};
  int64_t bytes = 0;  ///< of memory, in the sum of all large tasks
  bool is_set_aside = false;

  bool is_over() const { return is_set_aside || task.stop.stop_requested(); }
};

Engine::Engine(const std::vector<std::filesystem::path>& models, const PredictorOptions& options, int64_t workers) {
  for (int64_t i = 0; i < std::max<int64_t>(2, workers); ++i) {
    std::vector<Predictor> own;
    for (const std::filesystem::path& model : models) {
      own.emplace_back(load_networks({model}), options);
    }
    networks_.push_back(std::move(own));
  }
  for (size_t i = 0; i < networks_.size(); ++i) workers_.emplace_back([this, i] { work(i); });
}

void Engine::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wakes_.notify_all();
  workers_.clear();
}

void Engine::submit(Task task) {
  const bool is_large = task.is_large;
  {
    const std::lock_guard lock(mutex_);
    const std::string client = task.client;
    (is_large ? large_ : waiting_).push(client, std::move(task));
  }
  // A single woken worker might be the one that takes no large tasks.
  is_large ? wakes_.notify_all() : wakes_.notify_one();
}

void Engine::drop_stopped() {
  const auto has_stopped = [](const Task& task) { return task.stop.stop_requested(); };
  const std::lock_guard lock(mutex_);
  waiting_.erase_if(has_stopped);
  large_.erase_if(has_stopped);
}

std::vector<Task> Engine::take(bool also_large, bool large_first) {
  std::unique_lock lock(mutex_);
  wakes_.wait(lock, [&] { return is_closing_ || !waiting_.empty() || (also_large && !large_.empty()); });
  std::vector<Task> taken;
  if (also_large && !large_.empty() && (large_first || waiting_.empty())) {
    taken.push_back(large_.pop());
    return taken;
  }
  const size_t share = (waiting_.size() + networks_.size() - 1) / networks_.size();
  while (taken.size() < std::min(share, kMaxTasks)) taken.push_back(waiting_.pop());
  return taken;
}

void Engine::work(size_t worker) {
  std::vector<Predictor>& models = networks_[worker];
  const bool also_large = worker > 0;  // the first is always there for what is quick
  bool large_first = false;
  for (std::vector<Task> tasks = take(also_large, large_first); !tasks.empty(); tasks = take(also_large, large_first)) {
    large_first = !tasks.front().is_large;
    for (size_t m = 0; m < models.size(); ++m) {
      std::vector<Task> of_model;
      for (Task& task : tasks) {
        if (task.model == m) of_model.push_back(std::move(task));
      }
      if (!of_model.empty()) read(of_model, models[m]);
    }
  }
}

/// Puts a task that turns out to be large where those are. True when it is.
bool Engine::set_aside(Job& job) {
  if (job.task.is_large) return false;
  const bool is_large = std::any_of(job.pictures.begin(), job.pictures.end(), [](const Picture& picture) {
    const auto* file = std::get_if<std::string>(&picture);
    const ImageCost cost = file == nullptr ? ImageCost{} : measure_image(*file);
    return cost.pixels > kMaxSmallPixels || cost.bytes > kMaxSmallBytes;
  });
  if (!is_large) return false;
  Task task = std::move(job.task);
  task.is_large = true;
  task.pictures = [kept = std::make_shared<std::vector<Picture>>(std::move(job.pictures))] { return std::move(*kept); };
  job.is_set_aside = true;
  submit(std::move(task));
  return true;
}

/// Waits until a large task may take the memory that it needs.
void Engine::wait_for_memory(Job& job) {
  if (!job.task.is_large) return;
  for (const Picture& picture : job.pictures) {
    const auto* file = std::get_if<std::string>(&picture);
    job.bytes +=
        (file == nullptr ? 0 : measure_image(*file).bytes) + (job.task.explain ? kExplainedBytes : kAnswerBytes);
  }
  std::unique_lock lock(mutex_);
  memory_is_back_.wait(lock, [&] { return large_bytes_ == 0 || large_bytes_ + job.bytes <= kMaxLargeBytes; });
  large_bytes_ += job.bytes;
}

void Engine::open(Job& job, const Predictor& model) {
  try {
    job.pictures = job.task.pictures();
    job.task.pictures = nullptr;  // with the request's body
    if (set_aside(job)) return;
    wait_for_memory(job);
    auto& readings = std::get<std::vector<Reading>>(job.result);
    for (const Picture& picture : job.pictures) {
      if (job.is_over()) return;
      readings.push_back(frame(picture, model, job.task.stop));
    }
  } catch (...) {
    job.result = std::current_exception();
  }
  job.pictures.clear();
}

void Engine::read(std::vector<Task>& tasks, Predictor& model) {
  std::vector<Job> jobs;
  for (Task& task : tasks) jobs.push_back({std::move(task)});
  for (Job& job : jobs) {
    if (!job.is_over()) open(job, model);
  }
  try {
    predict(jobs, model);
  } catch (...) {  // most likely out of memory: no answer is complete
    for (Job& job : jobs) job.result = std::current_exception();
  }
  int64_t bytes = 0;
  for (Job& job : jobs) {
    if (!job.is_over()) job.task.done(std::move(job.result));
    bytes += job.bytes;
  }
  if (bytes == 0) return;
  jobs.clear();
  {
    const std::lock_guard lock(mutex_);
    large_bytes_ -= bytes;
  }
  memory_is_back_.notify_all();
}

/// The digits of all pictures, or of those that are to be explained.
std::vector<ReadDigit*> Engine::digits_of(std::vector<Job>& jobs, bool to_explain) {
  std::vector<ReadDigit*> digits;
  for (Job& job : jobs) {
    auto* readings = std::get_if<std::vector<Reading>>(&job.result);
    if (job.is_over() || readings == nullptr || (to_explain && !job.task.explain)) continue;
    for (Reading& reading : *readings) {
      auto* found = std::get_if<std::vector<ReadDigit>>(&reading);
      if (found == nullptr) continue;
      for (ReadDigit& digit : *found) digits.push_back(&digit);
    }
  }
  return digits;
}

/// Reads the digits: those found in pictures, and those whose pixels were sent.
void Engine::predict(std::vector<Job>& jobs, Predictor& model) const {
  const int64_t size = model.shape().image_size;
  std::vector<ReadDigit*> digits = digits_of(jobs, false);
  const auto sent =
      std::partition(digits.begin(), digits.end(), [](const ReadDigit* digit) { return digit->is_found; });
  const auto in_parts = [&](std::span<ReadDigit* const> all, const auto& step) {
    for (size_t first = 0; first < all.size(); first += kMaxDigits) {
      if (std::all_of(jobs.begin(), jobs.end(), [](const Job& job) { return job.is_over(); })) return;
      step(all.subspan(first, std::min(kMaxDigits, all.size() - first)));
    }
  };
  const auto keep = [&](std::span<ReadDigit* const> part, const at::Tensor& probabilities) {
    for (size_t i = 0; i < part.size(); ++i) part[i]->probabilities = row_of(probabilities, i);
    if (on_batch) on_batch(part.size());
  };
  in_parts({digits.begin(), sent},
           [&](std::span<ReadDigit* const> part) { keep(part, model.predict_found(dataset_of(part, size))); });
  in_parts({sent, digits.end()},
           [&](std::span<ReadDigit* const> part) { keep(part, model.predict(dataset_of(part, size))); });
  for (Job& job : jobs) {
    auto* readings = std::get_if<std::vector<Reading>>(&job.result);
    if (job.is_over() || readings == nullptr) continue;
    for (Reading& reading : *readings) {
      if (auto* found = std::get_if<std::vector<ReadDigit>>(&reading)) keep_chosen_parts(*found);
    }
  }
  const std::vector<ReadDigit*> to_explain = digits_of(jobs, true);
  in_parts(to_explain, [&](std::span<ReadDigit* const> part) {
    std::vector<int64_t> labels;
    for (const ReadDigit* digit : part) {
      const std::vector<float>& shares = digit->probabilities;
      labels.push_back(std::max_element(shares.begin(), shares.end()) - shares.begin());
    }
    const at::Tensor shares = saliency(model.networks(), dataset_of(part, size).images, at::tensor(labels));
    for (size_t i = 0; i < part.size(); ++i) part[i]->saliency = row_of(shares, i);
  });
}

}  // namespace digitrec::serve
