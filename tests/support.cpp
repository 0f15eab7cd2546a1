#include "support.h"

#include "core/random.h"

#include <sys/wait.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace digitrec::test {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "digitrec-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder to be had");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempFolder::write(std::string_view name, std::string_view bytes) const {
  std::ofstream(path_ / name, std::ios::binary) << bytes;
  return path_ / name;
}

std::vector<std::string> TempFolder::entries() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path_))
    names.push_back(entry.path().lexically_relative(path_).string());
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, std::string> TempFolder::contents() const {
  std::map<std::string, std::string> contents;
  for (const std::string& entry : entries()) {
    if (fs::is_regular_file(path_ / entry)) contents[entry] = read_text(path_ / entry);
  }
  return contents;
}

std::string read_text(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Dataset random_dataset(const std::vector<int64_t>& labels, int64_t size, uint64_t seed) {
  Random random(seed);
  std::vector<uint8_t> pixels(labels.size() * static_cast<size_t>(size * size));
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random.below(256));
  return make_dataset(std::move(pixels), labels, size, "random");
}

namespace {

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

}  // namespace

std::string idx_images(uint32_t count, uint32_t rows, uint32_t columns, std::string_view pixels, uint32_t magic) {
  return big_endian(magic) + big_endian(count) + big_endian(rows) + big_endian(columns) + std::string(pixels);
}

std::string idx_labels(uint32_t count, std::string_view labels, uint32_t magic) {
  return big_endian(magic) + big_endian(count) + std::string(labels);
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

void write_zip(const std::filesystem::path& path, const std::vector<std::pair<std::string, std::string>>& files) {
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, bytes] : files)
    zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), ZIP_FL_ENC_UTF_8);
  zip_close(zip);
}

std::string tiny_csv(int rows, int classes) {
  std::string text = "label,pixel0,pixel1,pixel2,pixel3\n";
  for (int i = 0; i < rows; ++i) {
    text += std::to_string(i % classes);
    for (int j = 0; j < 4; ++j) text += "," + std::to_string((i * 37 + j * 11) % 256);
    text += '\n';
  }
  return text;
}

GrayImage page_with_bar(int64_t width, int64_t height, int64_t x0, int64_t y0, int64_t x1, int64_t y1) {
  GrayImage image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height), 255), "page"};
  for (int64_t y = y0; y < y1; ++y) {
    for (int64_t x = x0; x < x1; ++x) image.pixels[static_cast<size_t>(y * width + x)] = 0;
  }
  return image;
}

std::string preset_test_name(const testing::TestParamInfo<std::string>& preset) {
  std::string name = preset.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

ProgramResult run_digitrec(const std::string& arguments, const fs::path& folder, const std::string& prefix) {
  const TempFolder capture;  // outside `folder`, so that tests can see what the program left there
  const std::string out = (capture / "out").string();
  const std::string err = (capture / "err").string();
  const std::string command = "cd '" + folder.string() + "' || exit 125; " + prefix + " " DIGITREC_BINARY " " +
                              arguments + " >" + out + " 2>" + err + " </dev/null";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_text(out), read_text(err)};
}

}  // namespace digitrec::test
