#pragma once

#include "digitrec/infer/predictor.h"
#include "image/framing.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace digitrec::serve {

/// A digit that was found in a picture and read.
struct ReadDigit {
  FramedDigit framed;
  std::vector<float> probabilities;  ///< of each class
  std::vector<float> saliency;       ///< a value a pixel, see saliency(); empty unless asked for
};

/// The result of one picture: its digits, left to right, or why there are none.
using Reading = std::variant<std::vector<ReadDigit>, std::string>;

/// A picture as it was sent: encoded bytes, or pixels.
using Picture = std::variant<std::string, GrayImage>;

struct Task {
  size_t model = 0;
  bool explain = false;
  bool is_large = false;  ///< read alone, so that no other task waits for it
  /// Called on a worker's thread, since reading a large request takes time; may throw.
  std::function<std::vector<Picture>()> pictures;
  /// Called once, on a worker's thread, with a reading for each picture, or with what was thrown instead.
  std::function<void(std::variant<std::vector<Reading>, std::exception_ptr>)> done;
};

/// Reads pictures with one of several models. Each worker has its own networks and takes a share of the waiting tasks,
/// which go through a network as one batch.
class Engine {
 public:
  /// Each path gives a model of one or more networks, see load_networks. Throws Error.
  Engine(const std::vector<std::filesystem::path>& models, const PredictorOptions& options, int64_t workers);
  /// Finishes what was submitted.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void submit(Task task);
  const std::vector<Predictor>& models() const { return networks_.front(); }
  /// Called with the number of digits of each batch.
  std::function<void(size_t)> on_batch;

 private:
  void work(size_t worker);
  std::vector<Task> take(bool also_large);
  void read(const std::vector<const Task*>& tasks, Predictor& model) const;

  std::vector<std::vector<Predictor>> networks_;  // of each worker
  std::mutex mutex_;
  std::condition_variable_any wakes_;
  std::deque<Task> waiting_;
  std::deque<Task> large_;
  bool is_closing_ = false;
  std::vector<std::jthread> workers_;
};

}  // namespace digitrec::serve
