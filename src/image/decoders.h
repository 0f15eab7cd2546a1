#pragma once

#include "image/image_file.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace digitrec {

// What decode_image hands a file to, by its first bytes.
GrayImage decode_png(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
GrayImage decode_jpeg(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
GrayImage decode_bmp(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
GrayImage decode_gif(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
GrayImage decode_webp(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
GrayImage decode_tiff(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
GrayImage decode_heif(const std::string& bytes, const std::string& name, const DecodeLimits& limits);
ImageCost measure_png(const std::string& bytes);
ImageCost measure_jpeg(const std::string& bytes);
ImageCost measure_bmp(const std::string& bytes);
ImageCost measure_gif(const std::string& bytes);
ImageCost measure_webp(const std::string& bytes);
ImageCost measure_tiff(const std::string& bytes);
ImageCost measure_heif(const std::string& bytes);

/// Whether a file is HEIC, HEIF or AVIF by its first bytes.
bool is_heif(std::string_view bytes);

/// Throws the Error of a file that cannot be decoded.
[[noreturn]] void fail_to_decode(const std::string& name, std::string_view what);

void require_size(const std::string& name, int64_t width, int64_t height, int64_t max_pixels);

/// Whether a picture is made half as wide and half as high while it is decoded. width * height is within kMaxPixels.
bool is_halved(int64_t width, int64_t height);

/// Bytes for the pixels of a decoded picture, and for the floats in which its ink is looked for.
int64_t cost_of_pixels(int64_t width, int64_t height);

}  // namespace digitrec
