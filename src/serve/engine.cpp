#include "serve/engine.h"

#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "infer/saliency.h"

#include <ATen/ops/tensor.h>

#include <algorithm>

namespace digitrec::serve {
namespace {

/// Tasks in one batch; more would make the first one wait.
constexpr size_t kMaxTasks = 32;
/// Pixels of the largest picture that is decoded: 16 million, a phone's photo.
constexpr int64_t kMaxPicturePixels = 16 << 20;

/// Finds a picture's digits, which are not read yet.
Reading frame(const Picture& picture, int64_t image_size) {
  try {
    std::vector<ReadDigit> digits;
    if (const auto* pixels = std::get_if<GrayImage>(&picture)) {  // framed already, as in a data set
      if (std::all_of(pixels->pixels.begin(), pixels->pixels.end(), [](uint8_t level) { return level == 0; })) {
        return "picture: blank: all its pixels are 0";
      }
      digits.push_back({{pixels->pixels}, {}, {}});
      return digits;
    }
    const GrayImage image = decode_image(std::get<std::string>(picture), "picture", kMaxPicturePixels);
    for (FramedDigit& digit : frame_digits(image, image_size)) digits.push_back({std::move(digit), {}, {}});
    return digits;
  } catch (const Error& error) {
    return error.what();
  }
}

std::vector<float> row_of(const at::Tensor& rows, size_t i) {
  const at::Tensor row = rows[static_cast<int64_t>(i)].contiguous();
  return {row.const_data_ptr<float>(), row.const_data_ptr<float>() + row.numel()};
}

}  // namespace

Engine::Engine(const std::vector<std::filesystem::path>& models, const PredictorOptions& options, int64_t workers) {
  for (int64_t i = 0; i < workers; ++i) {
    std::vector<Predictor> own;
    for (const std::filesystem::path& model : models) {
      own.emplace_back(load_networks({model}), options);
    }
    networks_.push_back(std::move(own));
  }
  for (size_t i = 0; i < networks_.size(); ++i) workers_.emplace_back([this, i] { work(i); });
}

Engine::~Engine() {
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
    (is_large ? large_ : waiting_).push_back(std::move(task));
  }
  // A single woken worker might be the one that takes no large tasks.
  is_large ? wakes_.notify_all() : wakes_.notify_one();
}

std::vector<Task> Engine::take(bool also_large) {
  std::unique_lock lock(mutex_);
  wakes_.wait(lock, [&] { return is_closing_ || !waiting_.empty() || (also_large && !large_.empty()); });
  std::vector<Task> taken;
  if (waiting_.empty() && also_large && !large_.empty()) {
    taken.push_back(std::move(large_.front()));
    large_.pop_front();
    return taken;
  }
  const size_t share = (waiting_.size() + networks_.size() - 1) / networks_.size();
  while (taken.size() < std::min(share, kMaxTasks)) {
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return taken;
}

void Engine::work(size_t worker) {
  std::vector<Predictor>& models = networks_[worker];
  const bool also_large = worker > 0 || networks_.size() == 1;
  for (std::vector<Task> tasks = take(also_large); !tasks.empty(); tasks = take(also_large)) {
    for (size_t m = 0; m < models.size(); ++m) {
      std::vector<const Task*> of_model;
      for (const Task& task : tasks) {
        if (task.model == m) of_model.push_back(&task);
      }
      if (!of_model.empty()) read(of_model, models[m]);
    }
  }
}

void Engine::read(const std::vector<const Task*>& tasks, Predictor& model) const {
  const int64_t size = model.shape().image_size;
  const auto dataset_of = [&](const std::vector<ReadDigit*>& digits) {
    std::vector<uint8_t> pixels;
    for (const ReadDigit* digit : digits) {
      pixels.insert(pixels.end(), digit->framed.pixels.begin(), digit->framed.pixels.end());
    }
    return make_dataset(std::move(pixels), {}, size, "picture");
  };

  std::vector<std::variant<std::vector<Reading>, std::exception_ptr>> results(tasks.size());
  std::vector<ReadDigit*> digits;
  std::vector<ReadDigit*> to_explain;
  for (size_t t = 0; t < tasks.size(); ++t) {
    try {
      auto& readings = std::get<std::vector<Reading>>(results[t]);
      for (const Picture& picture : tasks[t]->pictures()) readings.push_back(frame(picture, size));
    } catch (...) {
      results[t] = std::current_exception();
      continue;
    }
    for (Reading& reading : std::get<std::vector<Reading>>(results[t])) {
      auto* found = std::get_if<std::vector<ReadDigit>>(&reading);
      if (found == nullptr) continue;
      for (ReadDigit& digit : *found) {
        digits.push_back(&digit);
        if (tasks[t]->explain) to_explain.push_back(&digit);
      }
    }
  }
  try {
    if (!digits.empty()) {
      const at::Tensor probabilities = model.predict(dataset_of(digits));
      for (size_t i = 0; i < digits.size(); ++i) digits[i]->probabilities = row_of(probabilities, i);
      if (on_batch) on_batch(digits.size());
    }
    if (!to_explain.empty()) {
      std::vector<int64_t> labels;
      for (const ReadDigit* digit : to_explain) {
        labels.push_back(std::max_element(digit->probabilities.begin(), digit->probabilities.end()) -
                         digit->probabilities.begin());
      }
      const at::Tensor shares = saliency(model.networks(), dataset_of(to_explain).images, at::tensor(labels));
      for (size_t i = 0; i < to_explain.size(); ++i) to_explain[i]->saliency = row_of(shares, i);
    }
  } catch (...) {  // most likely out of memory: no answer is complete
    std::fill(results.begin(), results.end(), std::current_exception());
  }
  for (size_t t = 0; t < tasks.size(); ++t) tasks[t]->done(std::move(results[t]));
}

}  // namespace digitrec::serve
