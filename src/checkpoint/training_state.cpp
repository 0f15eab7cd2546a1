#include "checkpoint/training_state.h"

#include "digitrec/core/error.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>

#include <spdlog/fmt/fmt.h>

namespace digitrec {
namespace {

constexpr const char* kFormat = "digitrec training state 1";

}  // namespace

TrainingState::TrainingState(const std::filesystem::path& path)
    : contents_(read_safetensors(path)), source_(path.string()) {
  if (!contents_.has_checksum || note("format") != kFormat) {
    throw Error(fmt::format("{}: not a training state; expected a file that digitrec train wrote", source_));
  }
}

std::string TrainingState::note(const std::string& name) const {
  const auto found = contents_.metadata.find(name);
  return found == contents_.metadata.end() ? "" : found->second;
}

void TrainingState::put(const std::string& name, const at::Tensor& tensor) {
  contents_.tensors[name] = dense_copy(tensor);
}

void TrainingState::put_number(const std::string& name, double value) {
  put(name, at::scalar_tensor(value, at::kDouble));
}

void TrainingState::put_integer(const std::string& name, int64_t value) {
  put(name, at::scalar_tensor(value, at::kLong));
}

at::Tensor TrainingState::tensor(const std::string& name) const {
  const auto found = contents_.tensors.find(name);
  if (found == contents_.tensors.end()) {
    throw Error(fmt::format("{}: lacks '{}'; it belongs to a run with other settings", source_, name));
  }
  return found->second;
}

void TrainingState::copy_to(const std::string& name, const at::Tensor& to) const {
  const at::Tensor from = tensor(name);
  if (from.sizes() != to.sizes() || from.scalar_type() != to.scalar_type()) {
    throw Error(
        fmt::format("{}: '{}' has another shape or type; it belongs to a run with other settings", source_, name));
  }
  at::NoGradGuard no_grad;
  at::Tensor(to).copy_(from);
}

double TrainingState::number(const std::string& name) const {
  const at::Tensor value = at::empty({}, at::kDouble);
  copy_to(name, value);
  return value.item<double>();
}

int64_t TrainingState::integer(const std::string& name) const {
  const at::Tensor value = at::empty({}, at::kLong);
  copy_to(name, value);
  return value.item<int64_t>();
}

void TrainingState::save(const std::filesystem::path& path) const {
  SafeTensors contents = contents_;
  contents.metadata["format"] = kFormat;
  write_safetensors(path, contents, Replaced::kept_as_previous);
}

}  // namespace digitrec
