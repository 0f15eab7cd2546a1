#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace digitrec {

/// A device that this build of LibTorch can use on this machine.
struct DeviceInfo {
  at::Device device;        ///< where tensors go
  std::string name;         ///< as written after --device: "cpu", "cuda:0", "mps"
  std::string description;  ///< the kind of hardware; for the CPU its name and the number of threads
};

/// All usable devices, the fastest kind first: CUDA, then MPS, then the CPU, which is always there.
std::vector<DeviceInfo> available_devices();

/// The description of a device in available_devices(); the name of any other.
std::string describe_device(const at::Device& device);

/// A device that was chosen, and why.
struct DeviceChoice {
  at::Device device;   ///< where tensors go
  std::string reason;  ///< one line for the log: which device, and why
};

/// `name` is "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "cuda:N" or "mps". Throws UsageError for any other name,
/// and Error, which lists the available devices, for one that is not on this machine.
DeviceChoice choose_device(const std::string& name);

}  // namespace digitrec
