#include "serve/corrections.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>

namespace digitrec::serve {
namespace {

std::string header_of(size_t pixels) {
  std::string header = "label";
  for (size_t i = 0; i < pixels; ++i) fmt::format_to(std::back_inserter(header), ",pixel{}", i);
  return header + "\n";
}

/// A file that closes itself.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : value_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

}  // namespace

void Corrections::add(int64_t label, const std::vector<uint8_t>& pixels) {
  const auto fail = [&](const char* what) {
    throw Error(fmt::format("{}: cannot be {}: {}", path_.string(), what, std::strerror(errno)));
  };
  const std::string header = header_of(pixels.size());
  const std::lock_guard lock(mutex_);
  const Descriptor file(path_, O_RDWR | O_CREAT | O_APPEND);
  if (file.get() < 0) fail("opened");
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail("read");
  std::string row;
  if (status.st_size == 0) {
    row = header;
  } else {
    std::string there(header.size(), '\0');
    const ssize_t length = pread(file.get(), there.data(), there.size(), 0);
    char last = '\n';
    if (pread(file.get(), &last, 1, status.st_size - 1) != 1) fail("read");
    if (length < 0) fail("read");
    if (there != header || last != '\n') {
      throw Error(fmt::format("{}: not a file of corrections with {} pixels a row; name another with --corrections",
                              path_.string(), pixels.size()));
    }
  }
  fmt::format_to(std::back_inserter(row), "{}", label);
  for (const uint8_t pixel : pixels) fmt::format_to(std::back_inserter(row), ",{}", pixel);
  row += '\n';
  // One write, so that a row is never torn by another; what a full disk cut off is taken back.
  const ssize_t written = write(file.get(), row.data(), row.size());
  if (written != static_cast<ssize_t>(row.size())) {
    const int reason = written < 0 ? errno : ENOSPC;
    static_cast<void>(ftruncate(file.get(), status.st_size) + 0);
    errno = reason;
    fail("written");
  }
  if (fsync(file.get()) != 0) fail("written");
}

}  // namespace digitrec::serve
