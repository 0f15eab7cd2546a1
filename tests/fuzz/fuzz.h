#pragma once

#include "digitrec/core/error.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

/// What libFuzzer calls with the bytes that it made up.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace digitrec::fuzz {

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A file of those bytes in memory, of the given name; the next one of the name takes its place.
inline std::filesystem::path file_of(std::string_view bytes, const std::string& name) {
  static const std::filesystem::path folder = [] {
    std::string made = "/dev/shm/digitrec-fuzz-XXXXXX";
    if (mkdtemp(made.data()) == nullptr) std::abort();
    static const std::string at_exit = made;
    std::atexit([] { std::filesystem::remove_all(at_exit); });
    return std::filesystem::path(made);
  }();
  std::ofstream(folder / name, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return folder / name;
}

/// A parser's answer to any bytes is a result or an Error; whatever else is thrown ends the program, which libFuzzer
/// keeps.
template <class Parse>
int parse(const Parse& parse) {
  try {
    parse();
  } catch (const Error&) {
  }
  return 0;
}

}  // namespace digitrec::fuzz
