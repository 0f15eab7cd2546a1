#include "tensorboard/event_file.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

namespace digitrec {
namespace {

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ 0x82f63b78U : value >> 1U;
    table[i] = value;
  }
  return table;
}

/// Masked, so that a CRC of bytes that hold CRCs differs from those.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return std::rotr(crc, 15) + 0xa282ead8U;
}

template <class Integer>
std::string little_endian(Integer value) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(value); ++i) bytes += static_cast<char>(value >> (8 * i) & 255U);
  return bytes;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = crc_table();
  uint32_t crc = ~0U;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 255U] ^ crc >> 8U;
  return ~crc;
}

RecordFile::RecordFile(const std::filesystem::path& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
  if (file_ == nullptr) throw Error(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
}

RecordFile::~RecordFile() { std::fclose(file_); }

void RecordFile::append(std::string_view record) {
  const std::string length = little_endian(static_cast<uint64_t>(record.size()));
  const std::string framed =
      length + little_endian(masked_crc(length)) + std::string(record) + little_endian(masked_crc(record));
  if (std::fwrite(framed.data(), 1, framed.size(), file_) != framed.size() || std::fflush(file_) != 0) {
    throw Error(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
  }
}

}  // namespace digitrec
