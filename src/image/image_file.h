#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace digitrec {

/// An 8-bit greyscale picture, row by row.
struct GrayImage {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> pixels;
  std::string source;  ///< for messages
};

/// Whether a file is named as pictures are: .png, .jpg, .webp, ..., in any case.
bool is_image_name(const std::filesystem::path& path);

/// Pixels of the largest picture that is decoded: a phone's photo, but no decompression bomb.
inline constexpr int64_t kMaxPixels = 64 << 20;

struct DecodeLimits {
  int64_t max_pixels = kMaxPixels;
  /// Asked for every row or so; once it says true, decoding ends with an Error.
  std::function<bool()> is_stopped{};
};

/// Decodes a picture: PNG and JPEG by their libraries, BMP, GIF, WebP, TIFF, HEIC and AVIF by libgd, told apart by
/// their first bytes. Colour becomes grey; transparent parts become white, or black where the picture is light; a photo
/// is turned upright; one of more than 16 million pixels is made half as wide and high. What a file holds beyond its
/// pixels costs nothing. Throws Error, naming `source`, when it is none, is damaged, or is beyond `limits`.
GrayImage decode_image(const std::string& bytes, const std::string& source, const DecodeLimits& limits = {});

/// What a picture costs, as its header says.
struct ImageCost {
  int64_t pixels = 0;
  int64_t bytes = 0;  ///< of memory, to decode it and find its ink
};

/// Zeros for what decode_image refuses at once.
ImageCost measure_image(const std::string& bytes);

/// Reads and decodes a file. Throws Error.
GrayImage read_image(const std::filesystem::path& path);

/// The bytes of a PNG file. Throws Error, naming `image.source`.
std::string encode_png(const GrayImage& image);

}  // namespace digitrec
