#include "run/leak.h"

#include "data/near_duplicates.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "digitrec/run/run.h"
#include "run/paths.h"
#include "train/plan.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

namespace digitrec {
namespace {

namespace fs = std::filesystem;

/// A data set that networks were trained on, and the rows that they saw.
struct TrainingData {
  std::string path;
  int64_t limit = 0;
  std::string print;  ///< its fingerprint; empty when the data can no longer be read
  Dataset dataset;
  at::Tensor trained;        ///< bool [N]
  std::string checkpoint{};  ///< the first network that was trained on it
};

TrainingData open_training_data(const std::string& path, int64_t limit) {
  TrainingData data{path, limit, {}, {}, {}};
  try {
    data.dataset = load_dataset(path, Purpose::train, limit);
    data.print = fingerprint(data.dataset);
    data.trained = at::zeros({data.dataset.size()}, at::kBool);
  } catch (const Error&) {
    // Moved, removed or changed since, so nothing can be compared with it.
  }
  return data;
}

/// The configuration beside a checkpoint; none when it is missing or cannot be read.
std::optional<TrainConfig> config_beside(const fs::path& file) {
  if (!fs::exists(RunPaths(file.parent_path()).config())) return std::nullopt;
  try {
    return read_run_config(file.parent_path());
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The data at `path`, kept in `known`.
TrainingData& find_training_data(const std::string& path, int64_t limit, std::vector<TrainingData>& known) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const TrainingData& d) { return d.path == path && d.limit == limit; });
  return found != known.end() ? *found : known.emplace_back(open_training_data(path, limit));
}

/// The data of the run that `file` lies in, kept in `known`; null when it is no longer there.
TrainingData* training_data_of(const fs::path& file, const CheckpointInfo& info, std::vector<TrainingData>& known) {
  const std::optional<TrainConfig> read = config_beside(file);
  if (!read || info.data.empty()) return nullptr;
  const TrainConfig& config = *read;
  if (!config.extra_data.empty()) {
    TrainingData& extra = find_training_data(config.extra_data, 0, known);
    if (extra.trained.defined()) extra.trained.fill_(true);
    if (extra.trained.defined() && extra.checkpoint.empty()) extra.checkpoint = file.string();
  }
  TrainingData& data = find_training_data(config.data, config.limit, known);
  if (data.print != info.data) return nullptr;
  data.trained.index_fill_(0, training_split(config, data.dataset).train, true);
  if (data.checkpoint.empty()) data.checkpoint = file.string();
  return &data;
}

}  // namespace

std::optional<Leak> find_leak(const Predictor& predictor, const Dataset& evaluation) {
  const std::string print = fingerprint(evaluation);
  std::vector<TrainingData> known;
  for (const Loaded<Checkpoint>& network : predictor.networks()) {
    const CheckpointInfo& info = network.value.info;
    const TrainingData* data = training_data_of(network.file, info, known);
    // Without the run folder the split is unknown: the network saw part of the rows, and any may be among them.
    if (data == nullptr && info.data == print) return Leak{evaluation.size(), network.file.string(), evaluation.source};
  }
  for (const TrainingData& data : known) {
    if (data.checkpoint.empty()) continue;
    const at::Tensor rows = data.trained.nonzero().squeeze(1);
    const int64_t count = count_near_duplicates(data.dataset.images.index_select(0, rows), evaluation.images);
    if (count > 0) return Leak{count, data.checkpoint, data.dataset.source};
  }
  return std::nullopt;
}

}  // namespace digitrec
