#include "digitrec/core/error.h"
#include "digitrec/run/run.h"
#include "run/networks.h"
#include "train/as_trained.h"
#include "train/plan.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// A network and the rows, int64 ascending, that it never saw.
struct Unseeing {
  Loaded<Checkpoint> network;
  at::Tensor rows;
};

/// `doubts`: gets a line for what is not as it should be.
Unseeing load_unseeing(const RunPaths& member, const Dataset& dataset, const std::string& data,
                       std::vector<std::string>& doubts) {
  require_checkpoint(member);
  Loaded<Checkpoint> network = load_checkpoint(member.best(), Fallback::previous);
  if (network.value.info.data.empty()) {
    throw Error(fmt::format("{}: does not say what data it was trained on; which rows it held back is unknown",
                            network.file.string()),
                "score it on other data: digitrec eval RUN DATA");
  }
  if (network.value.info.data != data) {
    throw Error(fmt::format("{}: not the data that {} was trained on; which rows it held back is unknown",
                            dataset.source, member.name()));
  }
  if (!network.damage.empty()) doubts.push_back(network.damage);
  if (!network.value.doubt.empty()) doubts.push_back(network.value.doubt);
  const AsTrained trained = as_trained(read_run_config(member.folder()), member.config(), network);
  // A run of one network is its own member.
  const bool is_told = std::find(doubts.begin(), doubts.end(), trained.doubt) != doubts.end();
  if (!trained.doubt.empty() && !is_told) doubts.push_back(trained.doubt);
  return {std::move(network), training_split(trained.config, dataset).validation};
}

/// The rows that any network never saw.
at::Tensor rows_unseen(const std::vector<Unseeing>& members, int64_t size) {
  at::Tensor is_unseen = at::zeros({size}, at::kBool);
  for (const Unseeing& member : members) is_unseen.index_fill_(0, member.rows, true);
  return is_unseen.nonzero().squeeze(1);
}

}  // namespace

HeldOut predict_held_out(const fs::path& folder, const Dataset& dataset, const PredictorOptions& options,
                         int64_t max_rows) {
  TrainedRun run = read_trained_run(folder);
  HeldOut held_out{.config = run.config, .doubts = std::move(run.doubts)};
  const std::string data = fingerprint(dataset);
  std::vector<Unseeing> members;
  for (const RunPaths& member : run.members) members.push_back(load_unseeing(member, dataset, data, held_out.doubts));
  held_out.rows = rows_unseen(members, dataset.size());
  held_out.held_back = held_out.rows.numel();
  if (max_rows > 0) held_out.rows = held_out.rows.slice(0, 0, max_rows);
  if (held_out.rows.numel() == 0) return held_out;

  const int64_t end = held_out.rows[-1].item<int64_t>() + 1;
  at::Tensor sum;
  at::Tensor networks = at::zeros({end}, at::kFloat);
  for (size_t i = 0; i < members.size(); ++i) {
    PredictorOptions member_options = options;
    if (options.on_progress) {
      member_options.on_progress = [&options, i, count = members.size()](double fraction) {
        options.on_progress((static_cast<double>(i) + fraction) / static_cast<double>(count));
      };
    }
    const at::Tensor rows = members[i].rows.masked_select(members[i].rows.lt(end));
    if (rows.numel() == 0) continue;
    Predictor predictor({std::move(members[i].network)}, member_options);
    if (!sum.defined()) sum = at::zeros({end, predictor.shape().classes}, at::kFloat);
    sum.index_add_(0, rows, predictor.predict({dataset.images.index_select(0, rows), {}, dataset.source}));
    networks.index_add_(0, rows, at::ones({rows.numel()}));
  }
  const at::Tensor seen = networks.index_select(0, held_out.rows).unsqueeze(1);
  held_out.probabilities = sum.index_select(0, held_out.rows) / seen;
  return held_out;
}

}  // namespace digitrec
