#pragma once

#include "checkpoint/safetensors.h"
#include "digitrec/checkpoint/checkpoint.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>

namespace digitrec {

/// load(file). If that throws Error, because the file is damaged or missing, and `fallback` allows it,
/// load(previous_file(file)). Throws Error when neither can be used.
template <class Load>
auto load_or_previous(const std::filesystem::path& file, Fallback fallback, const Load& load)
    -> Loaded<decltype(load(file))> {
  try {
    return {load(file), file};
  } catch (const Error& error) {
    const std::filesystem::path previous = previous_file(file);
    if (fallback == Fallback::none || !std::filesystem::exists(previous)) throw;
    auto value = load(previous);
    return {std::move(value), previous, fmt::format("{}; {} is used instead", error.what(), previous.string())};
  }
}

}  // namespace digitrec
