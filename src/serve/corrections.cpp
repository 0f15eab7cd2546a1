#include "serve/corrections.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"
#include "serve/refusal.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <random>

namespace digitrec::serve {
namespace {

constexpr const char* kHint = "name another with `corrections`";
/// Rows that can be taken back.
constexpr size_t kMaxAdded = 1000;

std::string header_of(size_t pixels) {
  std::string header = "label";
  for (size_t i = 0; i < pixels; ++i) fmt::format_to(std::back_inserter(header), ",pixel{}", i);
  return header + "\n";
}

std::string row_of(int64_t label, const std::vector<uint8_t>& pixels) {
  std::string row = fmt::format("{}", label);
  for (const uint8_t pixel : pixels) fmt::format_to(std::back_inserter(row), ",{}", pixel);
  return row + "\n";
}

/// 64 random bits: nobody guesses another one's.
std::string make_word() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

[[noreturn]] void fail(const std::string& name, const char* what) {
  throw Error(fmt::format("{}: cannot be {}: {}", name, what, std::strerror(errno)), kHint);
}

/// Bytes in the file, whose header is right. Throws Error.
int64_t size_of(const Descriptor& file, const std::string& header, const std::string& name) {
  const int64_t size = file.size();
  if (size < 0) throw Error(fmt::format("{}: is not a file", name), kHint);
  if (size == 0) return 0;
  std::string there(header.size(), '\0');
  char last = '\n';
  if (file.read_at(there.data(), there.size(), 0) < 0 || file.read_at(&last, 1, size - 1) < 0) fail(name, "read");
  if (there != header || last != '\n') {
    const auto pixels = std::count(header.begin(), header.end(), ',');
    throw Error(fmt::format("{}: not a file of corrections with {} pixels per row", name, pixels), kHint);
  }
  return size;
}

}  // namespace

void Corrections::require_usable(size_t pixels) const {
  if (std::filesystem::exists(path_)) {
    const Descriptor file(path_, O_RDWR | O_APPEND);
    if (!file.is_open()) fail(path_.string(), "opened");
    size_of(file, header_of(pixels), path_.string());
    return;
  }
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  if (access(folder.c_str(), W_OK | X_OK) != 0) fail(path_.string(), "made");
}

std::string Corrections::add(int64_t label, const std::vector<uint8_t>& pixels) {
  const std::string header = header_of(pixels.size());
  Added added{make_word(), 0, row_of(label, pixels)};
  const std::lock_guard lock(mutex_);
  const Descriptor file(path_, O_RDWR | O_CREAT | O_APPEND);
  if (!file.is_open()) fail(name(), "opened");
  // Other servers wait here: of two that find the file empty, one writes the header.
  if (flock(file.get(), LOCK_EX) != 0) fail(name(), "locked");
  const int64_t size = size_of(file, header, name());
  const std::string bytes = (size == 0 ? header : "") + added.row;
  if (size + static_cast<int64_t>(bytes.size()) > max_bytes_) {
    throw Refusal{507, fmt::format("{} is full ({} bytes); whoever runs the server can move it away", name(), size)};
  }
  // A row that a full disk cut off is removed.
  if (!file.write(bytes.data(), bytes.size())) {
    const int reason = errno;
    [[maybe_unused]] const int ignored = ftruncate(file.get(), size);
    errno = reason;
    fail(name(), "written");
  }
  if (!file.sync()) fail(name(), "written");
  added.offset = size + static_cast<int64_t>(bytes.size() - added.row.size());
  added_.push_back(added);
  if (added_.size() > kMaxAdded) added_.pop_front();
  return added.word;
}

void Corrections::take_back(const std::string& word) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(added_.begin(), added_.end(), [&](const Added& added) { return added.word == word; });
  if (found == added_.end()) throw Refusal{404, "no such correction can be taken back"};
  const Descriptor file(path_, O_RDWR | O_APPEND);
  if (!file.is_open()) fail(name(), "opened");
  if (flock(file.get(), LOCK_EX) != 0) fail(name(), "locked");
  std::string there(found->row.size(), '\0');
  const bool is_last = file.size() == found->offset + static_cast<int64_t>(there.size());
  if (is_last && file.read_at(there.data(), there.size(), found->offset) < 0) fail(name(), "read");
  if (!is_last || there != found->row) {
    throw Refusal{409, fmt::format("another correction has come behind it; it stays in {}", name())};
  }
  if (ftruncate(file.get(), found->offset) != 0 || !file.sync()) fail(name(), "written");
  added_.erase(found);
}

}  // namespace digitrec::serve
