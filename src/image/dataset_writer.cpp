#include "image/dataset_writer.h"

#include "core/atomic_file.h"
#include "core/file.h"
#include "core/names.h"
#include "data/csv_writer.h"
#include "digitrec/core/error.h"
#include "image/image_file.h"

#include <spdlog/fmt/fmt.h>
#include <zip.h>
#include <zlib.h>

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <new>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

std::string_view bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

std::string big_endian(int64_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// IDX has labels of a byte, and of four.
std::string idx_labels(const at::Tensor& labels) {
  const bool are_bytes = labels.max().item<int64_t>() < 256;
  std::string text = std::string("\0\0", 2) + (are_bytes ? '\x08' : '\x0c') + '\x01' + big_endian(labels.numel());
  for (int64_t i = 0; i < labels.numel(); ++i) {
    const int64_t label = labels.const_data_ptr<int64_t>()[i];
    text += are_bytes ? std::string(1, static_cast<char>(label)) : big_endian(label);
  }
  return text;
}

std::string idx_images(const at::Tensor& images) {
  std::string text("\0\0\x08\x03", 4);
  for (const int64_t size : images.sizes()) text += big_endian(size);
  return text.append(bytes_of(images));
}

/// `type`: NumPy's name of the elements' type.
std::string npy(const at::Tensor& tensor, std::string_view type) {
  constexpr size_t kAlign = 64;
  std::string shape;
  for (const int64_t size : tensor.sizes()) shape += std::to_string(size) + ", ";
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  header.append(kAlign - (10 + header.size() + 1) % kAlign, ' ');
  header += '\n';
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 0xFF);
  text += static_cast<char>(header.size() >> 8);
  return text.append(header).append(bytes_of(tensor));
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemory = 8;
  if (deflateInit2(&stream, 6, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int code = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::bad_alloc();
  return packed;
}

/// The bytes of a .npz.
std::string npz(const std::vector<std::pair<std::string, std::string>>& arrays) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_t* zip = target == nullptr ? nullptr : zip_open_from_source(target, ZIP_TRUNCATE, &error);
  if (zip == nullptr) throw std::bad_alloc();
  zip_source_keep(target);
  for (const auto& [name, bytes] : arrays) {
    zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    if (source == nullptr || zip_file_add(zip, (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8) < 0)
      throw std::bad_alloc();
  }
  if (zip_close(zip) != 0) throw std::bad_alloc();
  zip_source_open(target);
  zip_source_seek(target, 0, SEEK_END);
  std::string bytes(static_cast<size_t>(zip_source_tell(target)), '\0');
  zip_source_seek(target, 0, SEEK_SET);
  zip_source_read(target, bytes.data(), bytes.size());
  zip_source_close(target);
  zip_source_free(target);
  return bytes;
}

/// The classes' labels as the files of the data had them: numbers where they have some.
at::Tensor file_labels(const Dataset& dataset) {
  const std::vector<int64_t>& numbers = dataset.classes.labels;
  if (numbers.empty()) return dataset.labels.contiguous();
  return at::tensor(numbers, at::kLong).index_select(0, dataset.labels);
}

/// A name in place of another in a file's name; the whole name with `-labels` where that is not in it.
fs::path labels_file(const fs::path& images) {
  std::string name = images.filename().string();
  const auto replace = [&](std::string_view from, std::string_view to) {
    const size_t at = lower_case(name).find(from);
    if (at == std::string::npos) return false;
    name.replace(at, from.size(), to);
    return true;
  };
  if (!replace("images", "labels") && !replace("x_", "y_")) {
    const size_t dot = std::min(name.rfind('.'), name.size());
    name.insert(dot, "-labels");
  }
  replace("idx3", "idx1");
  return images.parent_path() / name;
}

fs::path class_names_file(const fs::path& out) { return out.parent_path() / (out.stem().string() + "-classes.txt"); }

class Writer {
 public:
  Writer(const fs::path& out, const Dataset& dataset) : out_(out), dataset_(dataset) {}

  std::vector<fs::path> write() {
    const std::string name = lower_case(out_.filename().string());
    const at::Tensor images = dataset_.images.contiguous();
    if (name.ends_with(".csv") || is_stdout(out_)) {
      write_image_csv(out_, dataset_);
      files_.push_back(out_);
      return files_;  // which has the classes as they are called
    }
    if (name.ends_with(".csv.gz")) {
      write(out_, gzip(image_csv(dataset_)));
      return files_;
    }
    const bool is_idx = name.find("idx") != std::string::npos || name.find("ubyte") != std::string::npos;
    if (!is_idx && (!out_.has_extension() || fs::is_directory(out_))) {
      write_pictures();
      return files_;
    }
    if (name.ends_with(".npz")) {
      std::vector<std::pair<std::string, std::string>> arrays{{"x_train", npy(images, "|u1")}};
      if (dataset_.has_labels()) arrays.emplace_back("y_train", npy(file_labels(dataset_), "<i8"));
      write(out_, npz(arrays));
    } else if (name.ends_with(".npy")) {
      write_pair(npy(images, "|u1"), dataset_.has_labels() ? npy(file_labels(dataset_), "<i8") : "");
    } else if (is_idx) {
      write_pair(idx_images(images), dataset_.has_labels() ? idx_labels(file_labels(dataset_)) : "");
    } else {
      throw UsageError(fmt::format("{}: no format that can be written is named like that", out_.string()),
                       "name a .csv, .csv.gz, .npz, .npy, ...-images-idx3-ubyte or a folder");
    }
    write_class_names();
    return files_;
  }

 private:
  void write(const fs::path& file, const std::string& bytes) {
    write_file(file, bytes);
    files_.push_back(file);
  }

  void write_pair(const std::string& images, const std::string& labels) {
    if (!labels.empty()) write(labels_file(out_), labels);
    write(out_, images);
  }

  void write_class_names() {
    if (!dataset_.has_labels() || dataset_.classes.names.empty()) return;
    std::string text;
    for (int64_t c = 0; c < dataset_.num_classes(); ++c) {
      const Classes& classes = dataset_.classes;
      const int64_t number = classes.labels.empty() ? c : classes.labels[static_cast<size_t>(c)];
      text += fmt::format("{} {}\n", number, classes.name(c));
    }
    write(class_names_file(out_), text);
  }

  /// Rows of a class are numbered by their place in the data.
  void write_pictures() {
    std::error_code error;
    if (fs::is_directory(out_, error) && !fs::is_empty(out_, error)) {
      throw Error(fmt::format("{}: a folder with files in it, which would be among the pictures", out_.string()),
                  "name a new folder, or empty it first");
    }
    make_folder(out_);
    const auto digits = std::to_string(dataset_.size()).size();
    for (int64_t row = 0; row < dataset_.size(); ++row) {
      fs::path folder = out_;
      if (dataset_.has_labels()) folder /= folder_name(dataset_.labels[row].item<int64_t>());
      if (!fs::exists(folder)) make_folder(folder);
      const at::Tensor image = dataset_.images[row].contiguous();
      const std::string_view pixels = bytes_of(image);
      const fs::path file = folder / fmt::format("{:0{}}.png", row + 1, digits);
      const GrayImage picture{image.size(1), image.size(0), {pixels.begin(), pixels.end()}, file.string()};
      write_file(file, encode_png(picture));
    }
    files_.push_back(out_);
  }

  /// A class's name, with what no file's name may hold replaced.
  std::string folder_name(int64_t label) const {
    std::string name = dataset_.classes.name(label);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || c == ':' || c == '\0'; }, '_');
    if (name.empty() || name.front() == '.') name = "_" + name;
    return name;
  }

  const fs::path& out_;
  const Dataset& dataset_;
  std::vector<fs::path> files_;
};

}  // namespace

std::vector<fs::path> dataset_files(const fs::path& out) {
  const std::string name = lower_case(out.filename().string());
  const bool is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz") || is_stdout(out);
  if (is_csv || fs::is_directory(out)) return {out};
  if (name.ends_with(".npz")) return {out, class_names_file(out)};
  return {out, labels_file(out), class_names_file(out)};
}

std::vector<fs::path> write_dataset(const fs::path& out, const Dataset& dataset) {
  return Writer(out, dataset).write();
}

}  // namespace digitrec
