#include "digitrec/image/pictures.h"

#include "core/file_kind.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "image/framing.h"
#include "image/image_file.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

enum class Content { picture, unread_picture, other, text };

/// The first bytes of a file; none of what cannot be read or, like a pipe, can be read but once.
std::string beginning_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  std::string bytes(kFileKindBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

bool is_text(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f';
  });
}

Content content_of(const fs::path& path) {
  if (path == "-" || is_image_name(path)) return Content::picture;
  const std::string beginning = beginning_of(path);
  if (is_image(beginning)) return Content::picture;
  const std::string_view kind = file_kind(beginning).name;
  constexpr std::array<std::string_view, 3> kDrawings{"an SVG drawing", "a PDF", "a Photoshop file"};
  const bool is_drawing = std::find(kDrawings.begin(), kDrawings.end(), kind) != kDrawings.end();
  if (is_drawing || kind.ends_with(" picture")) return Content::unread_picture;
  return is_text(beginning) ? Content::text : Content::other;
}

/// Files that systems put into folders.
bool is_hidden(const fs::path& path) {
  const std::string name = lower_case(path.filename().string());
  return name.starts_with('.') || name == "thumbs.db" || name == "ehthumbs.db" || name == "desktop.ini";
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    entries.push_back(at->path());
  }
  if (error) throw Error(fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

PictureFiles pictures_in(const fs::path& folder) {
  PictureFiles found;
  fs::path picture;
  bool has_unread = false;
  for (const fs::path& path : entries_of(folder)) {
    std::error_code error;
    const bool is_file = fs::is_regular_file(path, error);
    const Content content = is_file && !is_hidden(path) ? content_of(path) : Content::text;
    (content == Content::text ? found.left_out : found.files).push_back(path);
    if (content == Content::picture && picture.empty()) picture = path;
    has_unread = has_unread || content == Content::unread_picture;
  }
  const std::vector<fs::path> data = find_data_files(folder);
  if (!picture.empty() && !data.empty()) {
    throw Error(fmt::format("{}: holds both {} and pictures such as {}", folder.string(),
                            data.front().filename().string(), picture.filename().string()),
                "name the one to use");
  }
  if (picture.empty() && (!has_unread || !data.empty())) return {};
  return found;
}

/// What is wrong, without the file's name before it.
std::string reason_of(const Error& error, const std::string& file) {
  const std::string what = error.what();
  return what.starts_with(file + ": ") ? what.substr(file.size() + 2) : what;
}

}  // namespace

PictureFiles find_pictures(const std::vector<fs::path>& paths) {
  PictureFiles all;
  bool has_pictures = false;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      const Content content = content_of(path);
      has_pictures = has_pictures || content == Content::picture || content == Content::unread_picture;
      all.files.push_back(path);
      continue;
    }
    const PictureFiles found = pictures_in(path);
    if (found.files.empty() && paths.size() > 1) {
      throw Error(
          fmt::format("{}: no pictures found; expected {}, or a single data file", path.string(), kPictureFormats));
    }
    has_pictures = has_pictures || !found.files.empty();
    all.files.insert(all.files.end(), found.files.begin(), found.files.end());
    all.left_out.insert(all.left_out.end(), found.left_out.begin(), found.left_out.end());
  }
  if (has_pictures) return all;
  if (paths.size() > 1) {
    throw Error(
        fmt::format("{}: not a picture; expected {}, or a single data file", paths.front().string(), kPictureFormats));
  }
  return {};
}

Pictures load_pictures(const std::vector<fs::path>& files, int64_t image_size) {
  Pictures pictures;
  std::vector<uint8_t> pixels;
  for (const fs::path& file : files) {
    std::string reason;
    int64_t count = 0;
    try {
      for (const FramedDigit& digit : frame_digits(read_image(file), image_size)) {
        pixels.insert(pixels.end(), digit.pixels.begin(), digit.pixels.end());
        ++count;
      }
    } catch (const Error& error) {
      reason = reason_of(error, file.string());
    }
    pictures.counts.push_back(count);
    pictures.reasons.push_back(reason);
  }
  const std::string source = files.empty() ? "" : files.front().string();
  pictures.digits = make_dataset(std::move(pixels), {}, image_size, source);
  return pictures;
}

}  // namespace digitrec
