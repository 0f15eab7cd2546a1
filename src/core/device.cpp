#include "digitrec/core/device.h"

#include "core/names.h"
#include "digitrec/core/error.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/Device.h>
#include <torch/cuda.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

namespace digitrec {
namespace {

std::string cpu_description() {
  std::string model = "CPU";
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("model name")) {
      model = line.substr(std::min(line.size(), line.find(':') + 2));
      break;
    }
  }
  const int threads = at::get_num_threads();
  return fmt::format("{}, {} {}", model, threads, threads == 1 ? "thread" : "threads");
}

/// Whether `name` could name a device on some machine.
bool is_device_name(const std::string& name) {
  if (name == "cpu" || name == "cuda" || name == "mps") return true;
  if (!name.starts_with("cuda:") || name.size() == 5) return false;
  int index = 0;
  const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), index);
  return error == std::errc{} && end == name.data() + name.size() && index >= 0 && index < 128;
}

/// Other programs say "gpu", which is letters nearer to "cpu" than to what it means.
std::string suggest_device(const std::string& word) {
#ifdef __APPLE__
  constexpr const char* kGpu = "mps";
#else
  constexpr const char* kGpu = "cuda";
#endif
  const std::vector<std::string> known{"auto", "cpu", "cuda", "mps"};
  return suggest_name(word == "gpu" ? kGpu : word, known);
}

}  // namespace

std::vector<DeviceInfo> available_devices() {
  std::vector<DeviceInfo> devices;
  if (torch::cuda::is_available()) {
    for (c10::DeviceIndex i = 0; std::cmp_less(i, torch::cuda::device_count()); ++i) {
      const at::Device device(at::kCUDA, i);
      devices.push_back({device, device.str(), "NVIDIA GPU (CUDA)"});
    }
  }
  if (at::hasMPS()) devices.push_back({at::Device(at::kMPS), "mps", "Apple GPU (Metal)"});
  devices.push_back({at::Device(at::kCPU), "cpu", cpu_description()});
  return devices;
}

std::string describe_device(const at::Device& device) {
  for (const DeviceInfo& info : available_devices()) {
    if (info.device == device) return info.description;
  }
  return device.str();
}

DeviceChoice choose_device(const std::string& name) {
  const std::vector<DeviceInfo> devices = available_devices();
  if (name == "auto") {
    const DeviceInfo& first = devices.front();
    std::string why = "the fastest kind here";
    if (first.device.is_cpu()) why = "no CUDA or MPS device that this LibTorch can use";
    return {first.device, fmt::format("{} ({}): {}", first.name, first.description, why)};
  }
  if (!is_device_name(name)) {
    throw UsageError(fmt::format("unknown device '{}'{}", name, suggest_device(lower_case(name))));
  }
  for (const DeviceInfo& info : devices) {
    if (info.name == name || (name == "cuda" && info.name == "cuda:0")) {
      return {info.device, fmt::format("{} ({}): asked for", info.name, info.description)};
    }
  }
  std::vector<std::string> names;
  for (const DeviceInfo& info : devices) names.push_back(info.name);
  throw Error(fmt::format("device '{}' is not on this machine", name), "available: " + join(names));
}

}  // namespace digitrec
