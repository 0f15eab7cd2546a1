#include "core/file_kind.h"

#include "core/descriptor.h"
#include "core/names.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

namespace digitrec {
namespace {

struct Magic {
  size_t at;
  std::string_view bytes;
  FileKind kind;
};

constexpr std::string_view kFetchAgain =
    "it is what a site answers in place of the file: log in there, then fetch it again";
constexpr std::string_view kToNumpy = "save the arrays with numpy.savez(FILE, x_train=..., y_train=...)";

// Where two fit, the first counts.
constexpr std::array kMagics{
    Magic{
        0, "version https://git-lfs", {"a git-lfs pointer, not the file itself", "fetch the file with: git lfs pull"}},
    Magic{0, "\x89PNG\r\n", {"a PNG picture"}},
    Magic{0, "\xff\xd8\xff", {"a JPEG picture"}},
    Magic{0, "GIF8", {"a GIF picture"}},
    Magic{8, "WEBP", {"a WebP picture"}},
    Magic{0, "P2\n", {"a PGM picture", "save it as PNG"}},
    Magic{0, "P5\n", {"a PGM picture", "save it as PNG"}},
    Magic{0, "P3\n", {"a PPM picture", "save it as PNG"}},
    Magic{0, "P6\n", {"a PPM picture", "save it as PNG"}},
    Magic{4, "jP  ", {"a JPEG 2000 picture", "save it as PNG"}},
    Magic{4, "ftypheic", {"a HEIC picture"}},
    Magic{4, "ftypheix", {"a HEIC picture"}},
    Magic{4, "ftypmif1", {"a HEIF picture"}},
    Magic{4, "ftypavif", {"an AVIF picture"}},
    Magic{4, "ftyphevc", {"a HEIF picture"}},
    Magic{4, "ftypheim", {"a HEIF picture"}},
    Magic{4, "ftypmsf1", {"a HEIF picture"}},
    Magic{4, "ftypavis", {"an AVIF picture"}},
    Magic{4, "ftyp", {"an MP4 video", "save a frame of it as PNG"}},
    Magic{0, "\xd0\xcf\x11\xe0", {"an old Office file (.xls, .doc)", "save the table as CSV"}},
    Magic{0, std::string_view("II*\0", 4), {"a TIFF picture"}},
    Magic{0, std::string_view("MM\0*", 4), {"a TIFF picture"}},
    Magic{0, "8BPS", {"a Photoshop file", "export it as PNG"}},
    Magic{0, "%PDF", {"a PDF", "export its pages as PNG, for example with: pdftoppm -png"}},
    Magic{0, "PAR1", {"a Parquet file", "write it as CSV: pandas.read_parquet(FILE).to_csv(FILE, index=False)"}},
    Magic{0, "\x89HDF\r\n", {"an HDF5 file", kToNumpy}},
    Magic{0, "MATLAB 5.0", {"a MATLAB file", kToNumpy}},
    Magic{0, "ARROW1", {"an Arrow file", "write it as CSV with pandas"}},
    Magic{0, "SQLite format 3", {"a SQLite database", "export the table as CSV"}},
    Magic{0, "\x93NUMPY", {"a NumPy array (.npy)"}},
    Magic{0, "Rar!", {"a RAR archive", "unpack it first"}},
    Magic{0, "7z\xbc\xaf", {"a 7-Zip archive", "unpack it first"}},
    Magic{0,
          "\xfd"
          "7zXZ",
          {"an xz archive", "unpack it first"}},
    Magic{0, "BZh", {"a bzip2 archive", "unpack it first"}},
    Magic{0, "\x28\xb5\x2f\xfd", {"a Zstandard archive", "unpack it first"}},
    Magic{257, "ustar", {"a tar archive", "unpack it first"}},
    Magic{0, "\x1f\x8b", {"a gzip archive"}},
    Magic{0, std::string_view("PK\5\6", 4), {"an empty zip archive"}},
    Magic{0,
          "\x7f"
          "ELF",
          {"a program"}},
    Magic{0, "MZ\x90", {"a Windows program"}},
    Magic{0, "\x80\x02", {"a Python pickle", kToNumpy}},
    Magic{0, "\x80\x03", {"a Python pickle", kToNumpy}},
    Magic{0, "\x80\x04", {"a Python pickle", kToNumpy}},
    Magic{0, "\x80\x05", {"a Python pickle", kToNumpy}},
    Magic{4, std::string_view("\0\0\0\0{\"", 6), {"a safetensors file"}},
    Magic{0, std::string_view("\0\0\x08\x03", 4), {"a file of IDX images"}},
    Magic{0, std::string_view("\0\0\x08\x01", 4), {"a file of IDX labels"}},
};

/// ONNX is a protobuf message without a magic number: the version of the format, then the name of the program that
/// wrote it, and a further field.
bool is_onnx(std::string_view bytes) {
  if (bytes.size() < 4 || bytes[0] != '\x08' || bytes[1] < 1 || bytes[1] >= 32 || bytes[2] != '\x12') return false;
  const auto length = static_cast<size_t>(static_cast<unsigned char>(bytes[3]));
  const std::string_view program = bytes.substr(4, length);
  const bool is_text = std::all_of(program.begin(), program.end(), [](char c) { return c >= ' ' && c < 127; });
  return length > 0 && length < 128 && is_text && bytes.size() > 4 + length && (bytes[4 + length] & 7) == 2;
}

/// What a zip archive holds by the names of its first files, which stand in it unpacked.
FileKind kind_of_zip(std::string_view bytes) {
  constexpr std::string_view kAsCsv = "save the table as CSV";
  constexpr std::string_view kModel = "digitrec's own checkpoints are .safetensors";
  const auto holds = [&](std::string_view name) { return bytes.find(name) != std::string_view::npos; };
  if (holds("data.pkl")) return {"a file of PyTorch (torch.save)"};
  if (holds("model.weights.h5") || (holds("metadata.json") && holds("config.json"))) return {"a Keras model", kModel};
  if (holds("mimetypeapplication/vnd.oasis.opendocument.spreadsheet")) return {"an OpenDocument sheet (.ods)", kAsCsv};
  if (!holds("[Content_Types].xml")) return {"a zip archive"};
  if (holds("word/")) return {"a Word document", "export its pages as PNG, or save the table as CSV"};
  if (holds("xl/")) return {"an Excel workbook (.xlsx)", kAsCsv};
  return {"an Office file", kAsCsv};
}

bool is_bmp(std::string_view bytes) {
  return bytes.size() >= 18 && bytes.starts_with("BM") && bytes[15] == '\0' && bytes[16] == '\0' && bytes[17] == '\0';
}

}  // namespace

FileKind file_kind(std::string_view beginning) {
  if (beginning.starts_with(std::string_view("PK\3\4", 4))) return kind_of_zip(beginning);
  for (const Magic& magic : kMagics) {
    if (beginning.size() >= magic.at && beginning.substr(magic.at).starts_with(magic.bytes)) return magic.kind;
  }
  if (is_bmp(beginning)) return {"a BMP picture"};
  if (is_onnx(beginning)) return {"an ONNX model", "it is a network; its weights are read from a .safetensors file"};
  const std::string text = lower_case(beginning.substr(0, kFileKindBytes));
  const size_t start = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (start == std::string::npos) return {};
  const std::string_view shown = std::string_view(text).substr(start);
  if (shown.starts_with("<!doctype html") || shown.starts_with("<html") || shown.starts_with("<head"))
    return {"an HTML page", kFetchAgain};
  if (shown.starts_with("<table"))
    return {"an HTML table", "write it as CSV with pandas: read_html(FILE)[0].to_csv(OUT, index=False)"};
  if (shown.starts_with("<svg") || (shown.starts_with("<?xml") && shown.find("<svg") != std::string_view::npos))
    return {"an SVG drawing", "export it as PNG"};
  if (shown.starts_with("<?xml")) return {"an XML file"};
  const bool is_json = shown.starts_with('{') || shown.starts_with('[');
  if (is_json && (shown.find("\"nbformat") != std::string_view::npos || shown.starts_with("{\"cells") ||
                  shown.find("\"cell_type\"") != std::string_view::npos))
    return {"a Jupyter notebook", "run it, and write its data as CSV"};
  if (is_json)
    return {"a JSON file",
            "write it as CSV with pandas: read_json(FILE).to_csv(OUT, index=False); of JSON lines with lines=True"};
  return {};
}

FileKind kind_of_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return {};
  const Descriptor open(file, O_RDONLY);
  std::string beginning(kFileKindBytes, '\0');
  const int64_t got = open.is_open() ? open.read(beginning.data(), beginning.size()) : 0;
  beginning.resize(static_cast<size_t>(std::max<int64_t>(0, got)));
  return file_kind(beginning);
}

}  // namespace digitrec
