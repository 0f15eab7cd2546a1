#include "serve/corrections.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
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

}  // namespace

void Corrections::add(int64_t label, const std::vector<uint8_t>& pixels) {
  const auto fail = [&](const char* what) {
    throw Error(fmt::format("{}: cannot be {}: {}", path_.string(), what, std::strerror(errno)));
  };
  const std::string header = header_of(pixels.size());
  const std::lock_guard lock(mutex_);
  const Descriptor file(path_, O_RDWR | O_CREAT | O_APPEND);
  if (!file.is_open()) fail("opened");
  const int64_t size = file.size();
  if (size < 0) throw Error(fmt::format("{}: is not a file", path_.string()), "name another with `corrections`");
  std::string row;
  if (size == 0) {
    row = header;
  } else {
    std::string there(header.size(), '\0');
    char last = '\n';
    if (file.read_at(there.data(), there.size(), 0) < 0 || file.read_at(&last, 1, size - 1) < 0) fail("read");
    if (there != header || last != '\n') {
      throw Error(fmt::format("{}: not a file of corrections with {} pixels per row", path_.string(), pixels.size()),
                  "name another with `corrections`");
    }
  }
  fmt::format_to(std::back_inserter(row), "{}", label);
  for (const uint8_t pixel : pixels) fmt::format_to(std::back_inserter(row), ",{}", pixel);
  row += '\n';
  // One write, so that rows of two servers do not mix; a row that a full disk cut off is removed.
  if (!file.write(row.data(), row.size())) {
    const int reason = errno;
    [[maybe_unused]] const int ignored = ftruncate(file.get(), size);
    errno = reason;
    fail("written");
  }
  if (!file.sync()) fail("written");
}

}  // namespace digitrec::serve
