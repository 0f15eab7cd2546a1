#include "image/picture_bytes.h"

#include "data/archive.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <memory>
#include <mutex>

namespace digitrec {

namespace fs = std::filesystem;

fs::path archive_of(const fs::path& folder) {
  if (const auto place = split_archive_path(folder)) return place->archive;
  return is_archive(folder) ? folder : fs::path{};
}

PictureBytes bytes_below(const fs::path& folder) {
  constexpr size_t kMaxBytes = 64 << 20;
  const fs::path path = archive_of(folder);
  if (path.empty()) return {};
  const auto archive = std::make_shared<Archive>(path, "zip archive");
  const auto turn = std::make_shared<std::mutex>();  // libzip reads one file of an archive at a time
  return [path, archive, turn](const fs::path& file) {
    const std::lock_guard lock(*turn);
    ArchiveEntry entry(*archive, file.lexically_relative(path).generic_string());
    std::string bytes;
    std::array<char, 1 << 16> chunk{};
    for (int64_t got = 1; got > 0 && bytes.size() <= kMaxBytes;) {
      got = entry.read_some(chunk.data(), chunk.size());
      if (got < 0) throw Error(fmt::format("{}: damaged", file.string()));
      bytes.append(chunk.data(), static_cast<size_t>(got));
    }
    return bytes;
  };
}

}  // namespace digitrec
