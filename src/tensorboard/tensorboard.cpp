#include "tensorboard/tensorboard.h"

#include "core/file.h"
#include "core/number.h"
#include "figures/first_layer.h"
#include "figures/sheet.h"
#include "image/image_file.h"
#include "run/paths.h"
#include "tensorboard/event_file.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/histc.h>

#include <spdlog/fmt/fmt.h>
#include <protozero/pbf_writer.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

using protozero::pbf_writer;

// Field numbers of tensorflow/core/util/event.proto, framework/summary.proto and TensorBoard's plugins/hparams/*.proto.
enum Event : uint32_t { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum Value : uint32_t { kTag = 1, kSimpleValue = 2, kImage = 4, kHistogram = 5, kMetadata = 9 };
enum Image : uint32_t { kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4 };
enum Histogram : uint32_t { kMin = 1, kMax = 2, kNum = 3, kSum = 4, kSumSquares = 5, kBucketLimit = 6, kBucket = 7 };
enum Hparams : uint32_t { kVersion = 1, kExperiment = 2, kSessionStart = 3, kSessionEnd = 4 };

constexpr int64_t kBuckets = 30;

/// The scalars of an epoch by the names that TensorBoard shows.
std::array<std::pair<const char*, double>, 7> scalars(const EpochMetrics& m) {
  return {{{"loss/train", m.train_loss},
           {"loss/validation", m.val_loss},
           {"accuracy/train", m.train_accuracy},
           {"accuracy/validation", m.val_accuracy},
           {"learning_rate", m.lr},
           {"seconds", m.seconds},
           {"images_per_second", m.images_per_second}}};
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string weight_histogram(const at::Tensor& weights) {
  const at::Tensor values = weights.cpu().flatten().to(at::kDouble);
  const double low = values.min().item<double>();
  const double high = values.max().item<double>();
  const at::Tensor counts = at::histc(values, kBuckets, low, high > low ? high : low + 1).contiguous();
  std::vector<double> limits;
  for (int64_t i = 1; i <= kBuckets; ++i) {
    limits.push_back(i == kBuckets ? high : low + (high - low) * static_cast<double>(i) / kBuckets);
  }
  const auto* count = counts.const_data_ptr<double>();
  std::string text;
  pbf_writer writer(text);
  writer.add_double(kMin, low);
  writer.add_double(kMax, high);
  writer.add_double(kNum, static_cast<double>(values.numel()));
  writer.add_double(kSum, values.sum().item<double>());
  writer.add_double(kSumSquares, values.square().sum().item<double>());
  writer.add_packed_double(kBucketLimit, limits.begin(), limits.end());
  writer.add_packed_double(kBucket, count, count + kBuckets);
  return text;
}

/// Weights as grey images side by side; 0 is the middle grey.
std::string filter_image(const at::Tensor& weights) {
  const at::Tensor scaled = weights / weights.abs().amax({1, 2}, /*keepdim=*/true).clamp_min(1e-12);
  const at::Tensor levels = (scaled * 127 + 128).round().clamp(0, 255).to(at::kByte);
  const at::Tensor sheet = tile_images(
      levels, {.columns = 8, .zoom = std::max<int64_t>(1, 40 / weights.size(1)), .gap = 2, .gap_level = 255});
  std::string text;
  pbf_writer writer(text);
  writer.add_int32(kHeight, static_cast<int32_t>(sheet.size(0)));
  writer.add_int32(kWidth, static_cast<int32_t>(sheet.size(1)));
  writer.add_int32(kColorspace, 1);
  writer.add_bytes(kEncoded, encode_png(gray_image(sheet)));
  return text;
}

/// A value of google.protobuf.Value: a number where the text is one.
std::string protobuf_value(const std::string& text) {
  double number = 0;
  const auto [end, error] = from_text(text.data(), text.data() + text.size(), number);
  std::string bytes;
  pbf_writer writer(bytes);
  if (error == std::errc{} && end == text.data() + text.size()) {
    writer.add_double(2, number);
  } else {
    writer.add_string(3, text);
  }
  return bytes;
}

std::string experiment() {
  std::string bytes;
  pbf_writer writer(bytes);
  for (const char* tag : {"accuracy/validation", "loss/validation"}) {
    pbf_writer metric(writer, 6);
    pbf_writer name(metric, 1);
    name.add_string(2, tag);
  }
  return bytes;
}

std::string session_start(const TrainConfig& config) {
  TrainConfig copy = config;
  std::string bytes;
  pbf_writer writer(bytes);
  for (const ConfigOption& option : train_options(copy)) {
    pbf_writer entry(writer, 1);
    entry.add_string(1, option.key);
    entry.add_message(2, protobuf_value(option.get()));
  }
  writer.add_double(5, now());
  return bytes;
}

std::string session_end(StopReason reason) {
  constexpr int kSuccess = 1;
  constexpr int kFailure = 2;
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_enum(1, reason == StopReason::interrupted ? kFailure : kSuccess);
  writer.add_double(2, now());
  return bytes;
}

fs::path event_path(const fs::path& folder) {
  make_folder(folder);
  return folder / fmt::format("events.out.tfevents.{:.0f}.digitrec.{}", now(), ::getpid());
}

}  // namespace

class TensorBoardWriter::Impl {
 public:
  Impl(const fs::path& folder, const TrainConfig& config, int64_t epochs_done) : file_(event_path(folder)) {
    std::string event;
    pbf_writer writer(event);
    writer.add_double(kWallTime, now());
    writer.add_string(kFileVersion, "brain.Event:2");
    file_.append(event);
    if (epochs_done > 0) restart(epochs_done + 1);
    add_hparams("_hparams_/experiment", kExperiment, experiment());
    add_hparams("_hparams_/session_start_info", kSessionStart, session_start(config));
  }

  void add(const EpochMetrics& metrics, const Checkpoint& network) {
    std::string summary;
    pbf_writer writer(summary);
    for (const auto& [tag, number] : scalars(metrics)) {
      if (!std::isfinite(number)) continue;
      pbf_writer value(writer, 1);
      value.add_string(kTag, tag);
      value.add_float(kSimpleValue, static_cast<float>(number));
    }
    for (const auto& [name, parameter] : network.model->named_parameters()) {
      pbf_writer value(writer, 1);
      value.add_string(kTag, "weights/" + name);
      value.add_message(kHistogram, weight_histogram(parameter.detach()));
    }
    {
      pbf_writer value(writer, 1);
      value.add_string(kTag, "first_layer");
      value.add_message(kImage, filter_image(first_layer(network).cpu().slice(0, 0, 64)));
    }
    append(metrics.epoch, summary);
  }

  void finish(StopReason reason) { add_hparams("_hparams_/session_end_info", kSessionEnd, session_end(reason)); }

 private:
  /// Makes TensorBoard drop what earlier files hold of that step and later ones.
  void restart(int64_t step) {
    constexpr int kStart = 1;
    std::string event;
    pbf_writer writer(event);
    writer.add_double(kWallTime, now());
    writer.add_int64(kStep, step);
    {
      pbf_writer session(writer, kSessionLog);
      session.add_enum(1, kStart);
    }
    file_.append(event);
  }

  /// One message of the hyperparameter plugin, which travels in the metadata of a value without content.
  void add_hparams(const char* tag, Hparams field, const std::string& message) {
    std::string content;
    pbf_writer plugin(content);
    plugin.add_int32(kVersion, 0);
    plugin.add_message(field, message);
    std::string summary;
    {
      pbf_writer writer(summary);
      pbf_writer value(writer, 1);
      value.add_string(kTag, tag);
      pbf_writer metadata(value, kMetadata);
      pbf_writer plugin_data(metadata, 1);
      plugin_data.add_string(1, "hparams");
      plugin_data.add_bytes(2, content);
    }
    append(0, summary);
  }

  void append(int64_t step, const std::string& summary) {
    std::string event;
    pbf_writer writer(event);
    writer.add_double(kWallTime, now());
    writer.add_int64(kStep, step);
    writer.add_message(kSummary, summary);
    file_.append(event);
  }

  RecordFile file_;
};

TensorBoardWriter::TensorBoardWriter(const fs::path& folder, const TrainConfig& config, int64_t epochs_done)
    : impl_(std::make_unique<Impl>(folder, config, epochs_done)) {}

TensorBoardWriter::~TensorBoardWriter() = default;

void TensorBoardWriter::add(const EpochMetrics& metrics, const Checkpoint& network) { impl_->add(metrics, network); }

void TensorBoardWriter::finish(StopReason reason) { impl_->finish(reason); }

void TensorBoardObserver::begin(const Member& member, const TrainStart& start) {
  if (board_) board_->finish(StopReason::finished);  // the previous network
  config_.out = member.folder.string();
  board_ = std::make_unique<TensorBoardWriter>(RunPaths(member.folder).tensorboard(), config_,
                                               static_cast<int64_t>(start.epochs.size()));
}

void TensorBoardObserver::on_epoch(const EpochMetrics& metrics, bool /*is_best*/, const Checkpoint& network) {
  board_->add(metrics, network);
}

void TensorBoardObserver::end(const RunResult& result) {
  if (board_) board_->finish(result.reason);
}

}  // namespace digitrec
