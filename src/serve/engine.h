#pragma once

#include "digitrec/infer/predictor.h"
#include "image/framing.h"
#include "serve/fair_queue.h"

#include <condition_variable>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace digitrec::serve {

/// A digit that was found in a picture and read.
struct ReadDigit {
  FramedDigit framed;
  bool is_found = true;                ///< in a picture; else its pixels were sent
  bool is_wide = false;                ///< for one digit: perhaps two that touch
  Part part = Part::piece;             ///< a half: one of two that touch, read apart
  std::vector<float> probabilities{};  ///< of each class
  std::vector<float> saliency{};       ///< a value a pixel, see saliency(); empty unless asked for
};

/// The result of one picture: its digits, left to right, or why there are none.
using Reading = std::variant<std::vector<ReadDigit>, std::string>;

/// A picture as it was sent: encoded bytes, or pixels.
using Picture = std::variant<std::string, GrayImage>;

struct Task {
  size_t model = 0;
  bool explain = false;
  bool is_large = false;       ///< read alone, so that no other task waits for it
  std::string client;          ///< who asks: clients take turns
  std::stop_token stop;        ///< once it has stopped, the task is dropped wherever it is
  std::shared_ptr<void> hold;  ///< kept as long as the task
  /// Called on a worker's thread, since reading a large request takes time; may throw.
  std::function<std::vector<Picture>()> pictures;
  /// Called on a worker's thread with a reading for each picture, or with what was thrown instead; not called when the
  /// task is dropped.
  std::function<void(std::variant<std::vector<Reading>, std::exception_ptr>)> done;
};

/// Reads pictures with one of several models. Each worker has its own networks and takes a share of the waiting tasks,
/// which go through a network as one batch. Large tasks go one at a time to workers other than the first, and have an
/// amount of memory between them.
class Engine {
 public:
  /// Each path gives a model of one or more networks, see load_networks. At least two workers. Throws Error.
  Engine(const std::vector<std::filesystem::path>& models, const PredictorOptions& options, int64_t workers);
  /// Finishes what was submitted.
  ~Engine() { close(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void submit(Task task);
  /// Drops the waiting tasks that have stopped.
  void drop_stopped();
  /// Takes no more tasks, and finishes those that were submitted.
  void close();
  const std::vector<Predictor>& models() const { return networks_.front(); }
  /// Called with the number of digits of each batch.
  std::function<void(size_t)> on_batch;

 private:
  struct Job;
  void work(size_t worker);
  std::vector<Task> take(bool also_large, bool large_first);
  void read(std::vector<Task>& tasks, Predictor& model);
  void open(Job& job, const Predictor& model);
  bool set_aside(Job& job);
  void wait_for_memory(Job& job);
  static std::vector<ReadDigit*> digits_of(std::vector<Job>& jobs, bool to_explain);
  void predict(std::vector<Job>& jobs, Predictor& model) const;

  std::vector<std::vector<Predictor>> networks_;  // of each worker
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::condition_variable memory_is_back_;
  FairQueue<Task> waiting_;
  FairQueue<Task> large_;
  int64_t large_bytes_ = 0;  // of memory, that large tasks being read may take
  bool is_closing_ = false;
  std::vector<std::jthread> workers_;
};

}  // namespace digitrec::serve
