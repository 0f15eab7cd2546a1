#include "digitrec/image/pictures.h"

#include "core/descriptor.h"
#include "core/file_kind.h"
#include "data/data_folder.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "image/class_folders.h"
#include "image/framing.h"
#include "image/image_file.h"
#include "image/picture_bytes.h"
#include "image/picture_refusal.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <system_error>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// A kind of file that shows something, whether we read it or not.
bool is_drawn(const FileKind& kind) {
  return kind.name.ends_with(" picture") || kind.name.ends_with(" drawing") || kind.name == "a PDF" ||
         kind.name == "a Photoshop file";
}

bool is_picture(const fs::path& file) {
  return file == "-" /* stdin */ || is_image_name(file) || is_drawn(kind_of_file(file));
}

bool is_hidden(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini";
}

/// The files in a folder, or with a recursive iterator also in those below it, by name.
template <class Iterator>
std::vector<fs::path> list_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (Iterator entry(folder, error); !error && entry != Iterator(); entry.increment(error)) {
    std::error_code unknown;
    if (!entry->is_directory(unknown) && !is_hidden(entry->path())) files.push_back(entry->path());
  }
  if (error) throw Error(fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

PictureFiles sort_out(const std::vector<fs::path>& files) {
  PictureFiles found;
  for (const fs::path& file : files) (is_picture(file) ? found.files : found.left_out).push_back(file);
  return found;
}

/// The folders in `folder` with files in or below them that are named as pictures are.
std::vector<fs::path> folders_of_pictures(const fs::path& folder) {
  std::vector<fs::path> folders = DataFolder(folder).folders();
  std::erase_if(folders, [](const fs::path& below) {
    const std::vector<fs::path> files = files_below(below);
    return std::none_of(files.begin(), files.end(), is_image_name);
  });
  return folders;
}

PictureFiles find_in_folder(const fs::path& folder) {
  PictureFiles found = sort_out(list_files<fs::directory_iterator>(folder));
  const std::vector<fs::path> data = find_data_files(folder);
  const auto is_table = [](const fs::path& path) { return !fs::is_directory(path); };
  const auto table = std::find_if(data.begin(), data.end(), is_table);
  if (table == data.end()) {
    if (!found.files.empty()) {
      // Pictures in the folders below are not read with them, and named by their folder.
      for (const fs::path& below : folders_of_pictures(folder)) found.left_out.push_back(below);
      return found;
    }
    const fs::path test = find_test_folder(folder);
    return sort_out(list_files<fs::recursive_directory_iterator>(test.empty() ? folder : test));
  }
  if (found.files.empty()) return {};
  throw Error(fmt::format("{}: holds both {} and pictures such as {}", folder.string(), table->filename().string(),
                          found.files.front().filename().string()),
              "name the one to use");
}

/// The pictures in a zip archive, of a data set those to test on; none where it holds tables of images.
PictureFiles find_in_archive(const fs::path& archive) {
  const std::vector<fs::path> data = find_data_files(archive);
  const bool has_table = std::any_of(
      data.begin(), data.end(), [](const fs::path& file) { return !DataFolder::exists(file) && !is_image_name(file); });
  if (has_table) return {};
  const fs::path test = find_test_folder(archive);
  PictureFiles found;
  found.bytes = bytes_below(archive);
  for (const fs::path& file : files_below(test.empty() ? archive : test)) {
    const bool is_one = is_image_name(file) || is_drawn(file_kind(found.bytes(file).substr(0, kFileKindBytes)));
    (is_one ? found.files : found.left_out).push_back(file);
  }
  return found.files.empty() ? PictureFiles{} : found;
}

/// The digits of one picture, or why there are none.
struct Read {
  std::vector<uint8_t> pixels{};
  std::vector<TextPlace> places{};
  std::vector<Part> parts{};
  std::string error{};

  void add(const FramedDigit& digit, Part part) {
    pixels.insert(pixels.end(), digit.pixels.begin(), digit.pixels.end());
    places.push_back(digit.place);
    parts.push_back(part);
  }
};

Read read_one(const fs::path& file, int64_t size, PictureKind kind, const PictureBytes& bytes) {
  Read read;
  try {
    if (!bytes && fs::is_directory(file))
      throw Error(fmt::format("{}: a folder without pictures", file.string()), "name one that has some");
    const GrayImage image = bytes ? decode_image(bytes(file), file.string()) : read_image(file);
    for (const FramedDigit& digit : frame_picture(image, size, kind)) {
      read.add(digit, Part::piece);
      if (digit.halves.empty()) continue;
      read.add(digit.halves.front(), Part::left_half);
      read.add(digit.halves.back(), Part::right_half);
    }
  } catch (const Error& error) {
    read.error = why_refused(error, kind);
    const std::string name = file.string() + ": ";
    if (read.error.starts_with(name)) read.error.erase(0, name.size());
  }
  return read;
}

}  // namespace

bool is_picture_file(const fs::path& file) { return is_drawn(kind_of_file(file)); }

PictureFiles find_pictures(const std::vector<fs::path>& paths) {
  if (paths.size() == 1 && kind_of_file(paths.front()).name == "a zip archive") return find_in_archive(paths.front());
  PictureFiles all;
  bool has_pictures = false;
  for (const fs::path& path : paths) {
    PictureFiles found = fs::is_directory(path) ? find_in_folder(path) : sort_out({path});
    has_pictures = has_pictures || !found.files.empty();
    if (found.files.empty()) found = {.files = {path}, .left_out = {}};  // reading it says why it is none
    all.files.insert(all.files.end(), found.files.begin(), found.files.end());
    all.left_out.insert(all.left_out.end(), found.left_out.begin(), found.left_out.end());
  }
  if (has_pictures) return all;
  if (paths.size() == 1) return {};
  throw Error(fmt::format("{}: no picture, and none of the others is; expected pictures, or a single data file",
                          paths.front().string()));
}

std::string join_numbers(std::span<const std::string> names, std::span<const TextPlace> places) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0 && places[i].number != places[i - 1].number) text += ' ';
    text += names[i];
  }
  return text;
}

PictureKind picture_kind(Framing framing, const Classes& classes, int64_t count) {
  if (framing == Framing::none) return PictureKind::whole;
  return classes.are_digits(count) ? PictureKind::number : PictureKind::character;
}

Pictures load_pictures(const std::vector<fs::path>& files, int64_t image_size, PictureKind kind,
                       const PictureBytes& bytes) {
  std::vector<Read> read(files.size());
  std::atomic<size_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    for (size_t i = next++; i < files.size(); i = next++) read[i] = read_one(files[i], image_size, kind, bytes);
  });
  Pictures pictures;
  std::vector<uint8_t> pixels;
  for (Read& one : read) {
    pixels.insert(pixels.end(), one.pixels.begin(), one.pixels.end());
    pictures.places.insert(pictures.places.end(), one.places.begin(), one.places.end());
    pictures.parts.insert(pictures.parts.end(), one.parts.begin(), one.parts.end());
    pictures.counts.push_back(static_cast<int64_t>(one.places.size()));
    pictures.errors.push_back(std::move(one.error));
  }
  const std::string source = files.empty() ? "" : files.front().string();
  if (pixels.empty()) {
    pictures.digits = {at::empty({0, image_size, image_size}, at::kByte), {}, source};
  } else {
    pictures.digits = make_dataset(std::move(pixels), {}, image_size, source);
  }
  return pictures;
}

std::vector<bool> choose_parts(std::span<const Part> parts, std::span<const float> probability) {
  std::vector<bool> stands(parts.size(), true);
  for (size_t i = 0; i + 2 < parts.size(); ++i) {
    if (parts[i + 1] != Part::left_half) continue;
    const bool are_two = probability[i + 1] * probability[i + 2] > (1 + probability[i]) / 2;
    stands[i] = !are_two;
    stands[i + 1] = stands[i + 2] = are_two;
    i += 2;
  }
  return stands;
}

std::vector<float> trust_in_parts(std::span<const Part> parts, std::span<const float> probability) {
  std::vector<float> trust(parts.size(), 1.0F);
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    if (parts[i] != Part::left_half) continue;
    const float both = probability[i] * probability[i + 1];
    trust[i] = trust[i + 1] = both / std::max(both + probability[i - 1], std::numeric_limits<float>::min());
  }
  return trust;
}

int64_t keep_chosen_parts(Pictures& pictures, at::Tensor& probabilities) {
  if (pictures.parts.empty()) return 0;
  const at::Tensor best = probabilities.amax(1).contiguous();
  const std::span<const float> surest(best.const_data_ptr<float>(), pictures.parts.size());
  const std::vector<bool> stands = choose_parts(pictures.parts, surest);
  probabilities = probabilities.mul(at::tensor(trust_in_parts(pictures.parts, surest)).unsqueeze(1));
  std::vector<int64_t> kept;
  std::vector<TextPlace> places;
  std::vector<Part> parts;
  int64_t cut = 0;
  size_t image = 0;
  for (int64_t& count : pictures.counts) {
    const size_t before = kept.size();
    for (const size_t end = image + static_cast<size_t>(count); image < end; ++image) {
      if (!stands[image]) continue;
      kept.push_back(static_cast<int64_t>(image));
      places.push_back(pictures.places[image]);
      parts.push_back(pictures.parts[image]);
      cut += pictures.parts[image] == Part::left_half ? 1 : 0;
    }
    count = static_cast<int64_t>(kept.size() - before);
  }
  const at::Tensor rows = at::tensor(kept);
  probabilities = probabilities.index_select(0, rows);
  pictures.digits.images = pictures.digits.images.index_select(0, rows);
  pictures.places = std::move(places);
  pictures.parts = std::move(parts);
  return cut;
}

}  // namespace digitrec
