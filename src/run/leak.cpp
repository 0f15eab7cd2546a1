#include "run/leak.h"

#include "data/near_duplicates.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/run/run.h"
#include "run/paths.h"
#include "train/as_trained.h"
#include "train/plan.h"

#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <vector>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

/// A data set that networks were trained on, and the rows that they saw.
struct TrainingData {
  std::string path;
  DataOptions options;
  std::string print;  ///< its fingerprint; empty when it could not be read
  std::string error;  ///< why it could not be read
  Dataset dataset;
  at::Tensor trained;        ///< bool [N]
  std::string checkpoint{};  ///< the first network that was trained on it
};

TrainingData open_training_data(const std::string& path, const DataOptions& options) {
  TrainingData data{path, options, {}, {}, {}, {}};
  try {
    data.dataset = load_dataset(path, Purpose::train, options);
    data.print = fingerprint(data.dataset);
    data.trained = at::zeros({data.dataset.size()}, at::kBool);
  } catch (const Error& error) {
    data.error = error.what();
  }
  return data;
}

/// Looks at one network after another, and reads each data set once.
class LeakSearch {
 public:
  LeakSearch(const Predictor& predictor, const Dataset& evaluation)
      : evaluation_(evaluation), print_(fingerprint(evaluation)) {
    for (const Loaded<Checkpoint>& network : predictor.networks()) note_training_data(network);
    if (!check_.leak) compare();
  }

  const LeakCheck& check() const { return check_; }

 private:
  void note_training_data(const Loaded<Checkpoint>& network);
  void note_extra_data(const Loaded<Checkpoint>& network, const std::string& path, const DataOptions& options);
  TrainingData& find(const std::string& path, const DataOptions& options);
  void compare();

  /// Without its training rows only this is known: whether these are of the data set that was split for it.
  /// `config`: what the network was trained with, where that is known; without, all rows of its data count.
  void leave_unchecked(const Loaded<Checkpoint>& network, const std::string& why, const TrainConfig* config = nullptr) {
    const CheckpointInfo& info = network.value.info;
    if (info.data.empty() || info.data != print_) return note_unchecked(network, why);
    if (check_.leak) return;
    const int64_t rows = config != nullptr ? training_split(*config, evaluation_).train.numel() : evaluation_.size();
    check_.leak = Leak{rows, network.file.string(), evaluation_.source};
  }

  /// Once a reason: the networks of a run share it.
  void note_unchecked(const Loaded<Checkpoint>& network, const std::string& why) {
    if (!reasons_.insert(why).second) return;
    check_.unchecked.push_back(fmt::format("{}: whether {} was trained on some of these rows could not be checked: {}",
                                           evaluation_.source, network.file.string(), why));
  }

  const Dataset& evaluation_;
  std::string print_;
  std::vector<TrainingData> known_;
  std::set<std::string> reasons_;
  LeakCheck check_;
};

TrainingData& LeakSearch::find(const std::string& path, const DataOptions& options) {
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const TrainingData& d) { return d.path == path && d.options == options; });
  return found != known_.end() ? *found : known_.emplace_back(open_training_data(path, options));
}

void LeakSearch::note_training_data(const Loaded<Checkpoint>& network) {
  const RunPaths run(network.file.parent_path());
  if (!fs::exists(run.config())) {
    return leave_unchecked(network, fmt::format("no {} lies beside it", run.config().filename().string()));
  }
  TrainConfig config;
  try {
    config = as_trained(read_run_config(run.folder()), run.config(), network).config;
  } catch (const Error& error) {
    return leave_unchecked(network, error.what());
  }
  if (!config.extra_data.empty()) note_extra_data(network, config.extra_data, extra_data_options(config));
  TrainingData& data = find(config.data, data_options(config));
  if (!data.error.empty()) return leave_unchecked(network, data.error, &config);
  if (data.print != network.value.info.data) {
    return leave_unchecked(network, fmt::format("{} is not what it was trained on", data.dataset.source), &config);
  }
  data.trained.index_fill_(0, training_split(config, data.dataset).train, true);
  if (data.checkpoint.empty()) data.checkpoint = network.file.string();
}

void LeakSearch::note_extra_data(const Loaded<Checkpoint>& network, const std::string& path,
                                 const DataOptions& options) {
  TrainingData& extra = find(path, options);
  if (!extra.error.empty()) return note_unchecked(network, extra.error);
  extra.trained.fill_(true);
  if (extra.checkpoint.empty()) extra.checkpoint = network.file.string();
}

void LeakSearch::compare() {
  for (const TrainingData& data : known_) {
    if (data.checkpoint.empty()) continue;
    const at::Tensor rows = data.trained.nonzero().squeeze(1);
    const int64_t count = count_near_duplicates(data.dataset.images.index_select(0, rows), evaluation_.images);
    if (count == 0) continue;
    check_.leak = Leak{count, data.checkpoint, data.dataset.source};
    return;
  }
}

}  // namespace

LeakCheck find_leak(const Predictor& predictor, const Dataset& evaluation) {
  return LeakSearch(predictor, evaluation).check();
}

}  // namespace digitrec
