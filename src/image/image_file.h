#pragma once

#include <cstdint>
#include <filesystem>
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

/// Whether read_image reads files of this name: .png, .jpg or .jpeg, in any case.
bool is_image_name(const std::filesystem::path& path);

/// Pixels of the largest picture that is decoded: a phone's photo, but no decompression bomb.
inline constexpr int64_t kMaxPixels = 64 << 20;

/// Decodes a PNG or JPEG picture, told apart by its first bytes. Colour becomes grey; transparent parts become white,
/// or black where the picture is light; a photo is turned upright. Throws Error, naming `source`, when it is neither,
/// is damaged, or has more than `max_pixels`.
GrayImage decode_image(const std::string& bytes, const std::string& source, int64_t max_pixels = kMaxPixels);

/// Reads and decodes a file. Throws Error.
GrayImage read_image(const std::filesystem::path& path);

/// The bytes of a PNG file. Throws Error, naming `image.source`.
std::string encode_png(const GrayImage& image);

}  // namespace digitrec
