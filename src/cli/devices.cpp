#include "cli/command.h"
#include "digitrec/core/device.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

int run_devices(bool json) {
  const std::vector<DeviceInfo> devices = available_devices();
  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const DeviceInfo& device : devices)
      list.push_back({{"device", device.name}, {"description", device.description}});
    std::cout << list.dump(2) << '\n';
    return 0;
  }
  for (const DeviceInfo& device : devices) std::cout << fmt::format("{:<8} {}\n", device.name, device.description);
  std::cout << "--device auto takes " << devices.front().name << '\n';
  return 0;
}

}  // namespace

Run setup_devices(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("devices", "List the devices that can train here");
  sub->add_flag("--json", *json, "Print JSON");
  return [json] { return run_devices(*json); };
}

}  // namespace digitrec::cli
