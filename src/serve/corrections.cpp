#include "serve/corrections.h"

#include "core/descriptor.h"
#include "data/csv_text.h"
#include "data/csv_writer.h"
#include "digitrec/core/error.h"
#include "image/transpose.h"
#include "serve/refusal.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
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

std::string row_of(const std::string& label, const std::vector<uint8_t>& pixels) {
  std::string row = csv_field(label);
  for (const uint8_t pixel : pixels) fmt::format_to(std::back_inserter(row), ",{}", pixel);
  return row + "\n";
}

/// What read_csv takes for a whole number, and for a name.
bool is_number(const std::string& text) {
  int64_t value = 0;
  return parse_whole(text, value) && value >= 0 && value < kMaxClasses && text == std::to_string(value);
}

bool is_name(const std::string& text) {
  constexpr size_t kMaxLength = 64;
  double number = 0;
  return !text.empty() && text.size() <= kMaxLength && !parse_real(text, number) && trimmed(text) == text &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == '"'; });
}

/// Whether a column of these is read back as the classes they stand for, in order: see match_classes.
bool are_readable(const std::vector<std::string>& labels, const Classes& classes) {
  if (!std::all_of(labels.begin(), labels.end(), is_number) && !std::all_of(labels.begin(), labels.end(), is_name)) {
    return false;
  }
  const auto count = static_cast<int64_t>(labels.size());
  for (int64_t i = 0; i < count; ++i) {
    const std::string& text = labels[static_cast<size_t>(i)];
    for (int64_t other = 0; other < count; ++other) {
      const bool is_taken_first = other < i || classes.name(i) != text;
      if (other != i && is_taken_first && classes.name(other) == text) return false;
    }
  }
  return true;
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

RowForm row_form(const CheckpointInfo& info) {
  RowForm form{{}, info.transpose};
  for (const auto text : {&Classes::name, &Classes::label}) {
    std::vector<std::string> labels;
    for (int64_t i = 0; i < info.shape.classes; ++i) labels.push_back((info.classes.*text)(i));
    if (!are_readable(labels, info.classes)) continue;
    form.labels = std::move(labels);
    break;
  }
  return form;
}

void Corrections::require_usable(size_t pixels) const {
  if (std::filesystem::exists(path_)) {
    const Descriptor file(path_, O_RDWR | O_APPEND);
    if (!file.is_open()) fail(path_.string(), "opened");
    size_of(file, header_of(pixels), path_.string());
    require_own_labels();
    return;
  }
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  if (access(folder.c_str(), W_OK | X_OK) != 0) fail(path_.string(), "made");
}

void Corrections::require_own_labels() const {
  if (form_.labels.empty()) return;  // nothing is added
  std::ifstream file(path_);
  std::string line;
  std::getline(file, line);  // the header
  for (int64_t number = 2; std::getline(file, line); ++number) {
    const std::string label(unquoted(Fields(line, ',').next()));
    if (std::find(form_.labels.begin(), form_.labels.end(), label) != form_.labels.end()) continue;
    throw Error(fmt::format("{}:{}: holds corrections of other classes: {} is none of the model's {} ({} to {})",
                            path_.string(), number, shown(label), form_.labels.size(), form_.labels.front(),
                            form_.labels.back()),
                kHint);
  }
}

std::string Corrections::add(int64_t label, const std::vector<uint8_t>& pixels) {
  const std::string header = header_of(pixels.size());
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(pixels.size())));
  Added added{make_word(), 0,
              row_of(form_.labels.at(static_cast<size_t>(label)),
                     form_.is_transposed ? transpose(pixels, side, side) : pixels)};
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
