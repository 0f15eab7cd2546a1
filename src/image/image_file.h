#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// An 8-bit greyscale picture, row by row.
struct GrayImage {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> pixels;
  std::string source;  ///< for messages
};

/// What decode_image reads, for messages.
inline constexpr std::string_view kPictureFormats = "PNG, JPEG, BMP, GIF, WebP, TIFF, HEIC or AVIF";

/// Whether the name is that of a picture in one of these formats, in any case. Its bytes say what a file is.
bool is_image_name(const std::filesystem::path& path);

/// Whether decode_image reads files that begin so: their first kFileKindBytes, or all.
bool is_image(std::string_view beginning);

/// Pixels of the largest picture that is decoded: a phone's photo, but no decompression bomb.
inline constexpr int64_t kMaxPixels = 64 << 20;

struct DecodeLimits {
  int64_t max_pixels = kMaxPixels;
  /// Asked for every row or so; once it says true, decoding ends with an Error.
  std::function<bool()> is_stopped{};
};

/// Decodes a picture, whose first bytes tell which kind it is; of several in a file the first. Colour becomes grey;
/// transparent parts become white, or black where the picture is light; a photo is turned upright; one of more than 16
/// million pixels is made half as wide and high. What a file holds beyond its pixels costs nothing. Throws Error,
/// naming `source`, when it is none of kPictureFormats, is damaged, or is beyond `limits`.
GrayImage decode_image(const std::string& bytes, const std::string& source, const DecodeLimits& limits = {});

/// What a picture costs, as its header says.
struct ImageCost {
  int64_t pixels = 0;
  int64_t bytes = 0;  ///< of memory, to decode it and find its ink
};

/// Zeros for what decode_image refuses at once.
ImageCost measure_image(const std::string& bytes);

/// Reads and decodes a file, or for "-" what comes on stdin. Throws Error.
GrayImage read_image(const std::filesystem::path& path);

/// The bytes of a PNG file. Throws Error, naming `image.source`.
std::string encode_png(const GrayImage& image);

}  // namespace digitrec
