#include "data/byte_stream.h"

#include "digitrec/core/error.h"
#include "digitrec/core/file.h"

#include <spdlog/fmt/fmt.h>

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace digitrec {

ByteStream::ByteStream(std::filesystem::path path) : path_(std::move(path)) {
  require_file(path_);
  file_ = gzopen(path_.c_str(), "rb");
  if (file_ == nullptr) {
    throw Error(fmt::format("{}: cannot be opened: {}; check its permissions", path_.string(), std::strerror(errno)));
  }
  gzbuffer(static_cast<gzFile>(file_), 1 << 18);
}

ByteStream::~ByteStream() { gzclose(static_cast<gzFile>(file_)); }

size_t ByteStream::read(void* buffer, size_t size) {
  auto* out = static_cast<char*>(buffer);
  size_t total = 0;
  while (total < size) {
    const auto want = static_cast<unsigned>(std::min<size_t>(size - total, 1U << 30));
    const int got = gzread(static_cast<gzFile>(file_), out + total, want);
    if (got <= 0) break;
    total += static_cast<size_t>(got);
  }
  int code = Z_OK;
  std::string_view message = gzerror(static_cast<gzFile>(file_), &code);
  if (code == Z_ERRNO) throw Error(fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(errno)));
  if (code != Z_OK && code != Z_STREAM_END) {
    message.remove_prefix(std::min(message.size(), path_.string().size() + 2));  // zlib puts "PATH: " before it
    throw Error(fmt::format("{}: damaged or truncated gzip file ({}); fetch it again", path_.string(), message));
  }
  return total;
}

}  // namespace digitrec
