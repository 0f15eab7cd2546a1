#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace digitrec {

/// A thread that no signal is delivered to: whoever waits for one gets it.
std::jthread start_quiet_thread(std::function<void(const std::stop_token&)> body);

/// Sleeps, but not beyond a request to stop.
void sleep_until_stopped(const std::stop_token& stop, std::chrono::milliseconds at_most);

}  // namespace digitrec
