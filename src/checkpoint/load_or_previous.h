#pragma once

#include "digitrec/checkpoint/safetensors.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <string>

namespace digitrec {

/// load(file), or where that throws Error, as a damaged or missing file makes it, load(previous_file(file)), saying why
/// in `damage`, which is empty otherwise. Throws Error when neither can be used.
template <class Load>
auto load_or_previous(const std::filesystem::path& file, std::string& damage, const Load& load) {
  damage.clear();
  try {
    return load(file);
  } catch (const Error& error) {
    const std::filesystem::path previous = previous_file(file);
    if (!std::filesystem::exists(previous)) throw;
    auto loaded = load(previous);
    damage = fmt::format("{}; {} is used instead", error.what(), previous.string());
    return loaded;
  }
}

}  // namespace digitrec
