#include "data/byte_stream.h"

#include "core/descriptor.h"
#include "core/file.h"
#include "core/names.h"
#include "data/archive.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>
#include <zlib.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

constexpr size_t kReadAhead = 1 << 18;
constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kZip = "PK\3\4";

bool is_named_zip(const fs::path& path) { return lower_case(path.extension().string()) == ".zip"; }

}  // namespace

/// Unpacks the parts ("members") that a gzip file consists of.
struct ByteStream::Inflater {
  Inflater() {
    constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header and checksum
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream stream{};
  bool has_ended = false;  ///< the last part
};

ByteStream::ByteStream(std::filesystem::path path) : path_(std::move(path)) {
  if (const auto place = split_archive_path(path_)) {
    archive_ = std::make_unique<Archive>(place->archive, "zip archive");
    entry_ = std::make_unique<ArchiveEntry>(*archive_, place->entry);
    if (is_named_zip(path_) && peek(kZip.size()).starts_with(kZip)) open_inner();
    if (peek(kGzip.size()).starts_with(kGzip)) inflater_ = std::make_unique<Inflater>();
    return;
  }
  require_file(path_);
  file_ = std::make_unique<Descriptor>(path_, O_RDONLY);
  if (!file_->is_open()) {
    throw Error(fmt::format("{}: cannot be opened: {}", path_.string(), std::strerror(errno)), "check its permissions");
  }
  if (is_named_zip(path_) && peek(kZip.size()).starts_with(kZip)) open_inner();
  if (peek(kGzip.size()).starts_with(kGzip)) inflater_ = std::make_unique<Inflater>();
}

void ByteStream::open_inner() {
  auto inner = std::make_unique<Archive>(path_, "zip archive");
  const std::vector<std::string> entries = inner->entries();
  if (entries.size() != 1) {
    if (file_) return;  // who reads it will say what it is
    throw Error(fmt::format("{}: a zip archive within another, of {} files; expected one file in it", path_.string(),
                            entries.size()),
                "unpack the outer one first, and name this");
  }
  entry_ = std::make_unique<ArchiveEntry>(*inner, entries.front());
  archive_ = std::move(inner);
  buffer_.clear();
}

ByteStream::~ByteStream() = default;

int64_t ByteStream::packed_size() const {
  if (entry_) return entry_->packed_size();
  return inflater_ ? file_->size() : -1;
}

int64_t ByteStream::read_as_it_is(char* to, size_t size) {
  if (!entry_) return file_->read(to, size);
  const int64_t got = entry_->read_some(to, size);
  if (got < 0) throw Error(fmt::format("{}: damaged in the archive", path_.string()), "fetch it again");
  return got;
}

std::string_view ByteStream::peek(size_t min_size) {
  if (buffer_.size() - position_ < min_size) {
    buffer_.erase(0, position_);
    position_ = 0;
    const size_t kept = buffer_.size();
    buffer_.resize(kept + kReadAhead);
    const int64_t got = read_as_it_is(buffer_.data() + kept, kReadAhead);
    if (got < 0) throw Error(fmt::format("{}: cannot be read: {}", path_.string(), std::strerror(errno)));
    buffer_.resize(kept + static_cast<size_t>(got));
  }
  return std::string_view(buffer_).substr(position_);
}

size_t ByteStream::read(void* buffer, size_t size) {
  auto* to = static_cast<char*>(buffer);
  return inflater_ ? read_unpacked(to, size) : read_plain(to, size);
}

size_t ByteStream::read_plain(char* to, size_t size) {
  size_t done = 0;
  while (done < size) {
    const std::string_view next = peek(1).substr(0, size - done);
    if (next.empty()) break;
    std::memcpy(to + done, next.data(), next.size());
    position_ += next.size();
    done += next.size();
  }
  return done;
}

size_t ByteStream::read_unpacked(char* to, size_t size) {
  const auto fail = [&](std::string_view what) {
    throw Error(fmt::format("{}: damaged or truncated gzip file ({})", path_.string(), what), "fetch it again");
  };
  z_stream& stream = inflater_->stream;
  size_t done = 0;
  while (done < size && !inflater_->has_ended) {
    const std::string_view packed = peek(1);
    if (packed.empty()) fail("unexpected end of file");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    const auto room = static_cast<uInt>(std::min<size_t>(size - done, 1U << 30));
    stream.next_out = reinterpret_cast<Bytef*>(to + done);
    stream.avail_out = room;
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_OK && code != Z_STREAM_END) fail(stream.msg != nullptr ? stream.msg : "not gzip");
    position_ += packed.size() - stream.avail_in;
    done += room - stream.avail_out;
    if (code != Z_STREAM_END) continue;
    inflater_->has_ended = !begins_another_part();
    inflateReset(&stream);
  }
  return done;
}

/// After the end of a part: whether another follows. Throws Error for anything else than that, or the end of the file,
/// or zeros up to there (tapes pad with them): a part behind a stray byte would be lost.
bool ByteStream::begins_another_part() {
  if (peek(kGzip.size()).starts_with(kGzip)) return true;
  for (std::string_view rest = peek(1); !rest.empty(); rest = peek(1)) {
    if (rest.find_first_not_of('\0') != std::string_view::npos) {
      throw Error(fmt::format("{}: bytes that are no gzip follow the packed data; expected its end or more gzip",
                              path_.string()),
                  "fetch it again");
    }
    position_ += rest.size();
  }
  return false;
}

bool can_be_read_again(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) || is_in_archive(path);
}

std::string read_beginning(const fs::path& path, size_t size) {
  if (!can_be_read_again(path)) return "";
  ByteStream stream(path);
  std::string bytes(size, '\0');
  bytes.resize(stream.read(bytes.data(), size));
  return bytes;
}

}  // namespace digitrec
