#include "core/atomic_file.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// The end of the name of a file that is being written.
constexpr std::string_view kTemporary = ".tmp";
/// Random hexadecimal digits in that name.
constexpr size_t kRandomDigits = 16;
/// The open descriptors of this program, as links.
constexpr const char* kDescriptors = "/proc/self/fd";

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

/// Makes a rename in `folder` survive a power cut. It is not a failure where the file system cannot do it, or where the
/// folder may not be listed and so cannot be opened.
bool sync_folder(const fs::path& folder) {
  const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.is_open()) return errno == EACCES;
  return descriptor.sync() || errno == EINVAL || errno == ENOTSUP;
}

/// ".s.csv.0123456789abcdef.tmp" beside s.csv: nobody can guess it and plant a file there.
fs::path temporary_name(const fs::path& path) {
  constexpr size_t kMaxName = 200;  // so that the whole stays below the 255 bytes that a name may have
  std::string name = path.filename().string();
  if (name.size() > kMaxName) name = "digitrec";
  std::random_device random;
  return folder_of(path) / fmt::format(".{}.{:08x}{:08x}{}", name, random(), random(), kTemporary);
}

/// What temporary_name was given the name of; empty for any other file.
std::string named_by_temporary(const std::string& temporary) {
  const size_t rest = 1 + kRandomDigits + kTemporary.size();
  if (temporary.size() < 2 + rest || !temporary.starts_with('.') || !temporary.ends_with(kTemporary)) return {};
  const std::string_view random = std::string_view(temporary).substr(temporary.size() - rest, 1 + kRandomDigits);
  if (random[0] != '.' || random.find_first_not_of("0123456789abcdef", 1) != std::string_view::npos) return {};
  return temporary.substr(1, temporary.size() - rest - 1);
}

bool is_same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

/// Where an output leads: through symbolic links to a path, whose file need not exist, or to an open descriptor.
struct Target {
  fs::path path;
  std::optional<int> descriptor;
};

Target find_target(fs::path path) {
  constexpr int kMaxLinks = 40;  // as many as Linux follows
  std::error_code error;
  const fs::path descriptors = fs::canonical(kDescriptors, error);
  for (int i = 0; i < kMaxLinks && fs::is_symlink(path, error); ++i) {
    const std::string name = path.filename().string();
    int descriptor = -1;
    const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), descriptor);
    if (wrong == std::errc{} && end == name.data() + name.size() &&
        fs::canonical(folder_of(path), error) == descriptors) {
      return {path, descriptor};
    }
    const fs::path to = fs::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / to;
  }
  return {path, std::nullopt};
}

/// stdout or stderr, where the shell has sent one of them to this file: replaced, it would lose what stands in it and
/// what is written next.
std::optional<int> find_standard_descriptor(const struct stat& file) {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open{};
    if (::fstat(descriptor, &open) == 0 && is_same_file(open, file)) return descriptor;
  }
  return std::nullopt;
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  struct stat old{};
  const bool exists = ::stat(path_.c_str(), &old) == 0;
  if (!exists && errno != ENOENT) fail("cannot be created");
  if (exists && S_ISDIR(old.st_mode)) {
    throw Error(fmt::format("{}: is a folder; expected the name of a file to write", path_.string()));
  }
  Target target = find_target(path_);
  if (exists && S_ISREG(old.st_mode) && !target.descriptor) target.descriptor = find_standard_descriptor(old);
  if (target.descriptor) {
    file_ = std::make_unique<Descriptor>(*target.descriptor);
  } else if (exists && !S_ISREG(old.st_mode)) {
    file_ = std::make_unique<Descriptor>(path_, O_WRONLY);
  } else {
    path_ = std::move(target.path);
    open_temporary();
    if (exists) ::fchmod(file_->get(), old.st_mode & 0777);  // some file systems have no permissions
  }
  if (!file_->is_open()) fail("cannot be written");
}

/// Without a name where that can be had and given one later.
void AtomicFile::open_temporary() {
  temporary_ = temporary_name(path_);
#if defined(O_TMPFILE)  // Linux
  if (::access(kDescriptors, X_OK) == 0) {
    file_ = std::make_unique<Descriptor>(folder_of(path_), O_WRONLY | O_TMPFILE);
    if (file_->is_open()) return;
  }
#endif
  file_ = std::make_unique<Descriptor>(temporary_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (!file_->is_open()) fail("cannot be created");
  has_name_ = true;
}

AtomicFile::~AtomicFile() {
  if (has_name_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  if (!file_->write(bytes.data(), bytes.size())) fail("cannot be written");
}

bool AtomicFile::take_name() {
  if (has_name_) return true;
  const std::string unnamed = fmt::format("{}/{}", kDescriptors, file_->get());
  has_name_ = file_calls().link(unnamed.c_str(), temporary_.c_str()) == 0;
  return has_name_;
}

void AtomicFile::commit(const fs::path& previous) {
  if (temporary_.empty()) {
    if (!file_->close()) fail("cannot be written");
    return;
  }
  const bool is_in_place = file_->sync() && take_name() && file_->close() && (previous.empty() || keep_as(previous)) &&
                           file_calls().rename(temporary_.c_str(), path_.c_str()) == 0;
  if (!is_in_place) fail("cannot be written");
  has_name_ = false;
  if (!sync_folder(folder_of(path_))) fail("cannot be written");
}

bool AtomicFile::keep_as(const fs::path& previous) const {
  const FileCalls& calls = file_calls();
  if (calls.unlink(previous.c_str()) != 0 && errno != ENOENT) return false;
  if (calls.link(path_.c_str(), previous.c_str()) == 0 || errno == ENOENT) return true;
  // On a file system without hard links no file has the name for a moment.
  return calls.rename(path_.c_str(), previous.c_str()) == 0;
}

void AtomicFile::fail(std::string_view action) const {
  const int error = errno;
  std::string hint = "choose another place";
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) hint = "free some space or choose another place";
  if (error == ENOENT) hint = "make its folder first";
  throw Error(fmt::format("{}: {}: {}", path_.string(), action, std::strerror(error)), hint);
}

void write_file(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

fs::path follow_links(const fs::path& path) { return find_target(path).path; }

bool is_stdout(const fs::path& path) {
  struct stat file{};
  struct stat out{};
  return ::stat(path.c_str(), &file) == 0 && ::fstat(STDOUT_FILENO, &out) == 0 && is_same_file(file, out);
}

std::vector<fs::path> find_temporary_files(const fs::path& folder, const std::vector<fs::path>& names) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
    const std::string named = named_by_temporary(entry->path().filename().string());
    const bool is_ours = !named.empty() && std::any_of(names.begin(), names.end(),
                                                       [&](const fs::path& name) { return name.filename() == named; });
    if (is_ours && entry->symlink_status(ignored).type() == fs::file_type::regular) found.push_back(entry->path());
  }
  return found;
}

}  // namespace digitrec
