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

/// Whether the name ends like a picture that read_image reads: .png, .jpg or .jpeg, in any case.
bool is_image_name(const std::filesystem::path& path);

/// Reads a PNG or JPEG file, told apart by its first bytes; colour becomes grey and transparency white. Throws Error when
/// it is neither, is damaged, or has more than 10,000 pixels a side.
GrayImage read_image(const std::filesystem::path& path);

/// The bytes of a PNG file. Throws Error, naming `image.source`.
std::string encode_png(const GrayImage& image);

}  // namespace digitrec
