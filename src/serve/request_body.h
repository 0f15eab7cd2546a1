#pragma once

#include "serve/refusal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace digitrec::serve {

/// What a JSON body says: one image in "pixels" or several in "images", and the "label" of a correction.
struct RequestBody {
  std::vector<std::vector<uint8_t>> images;  ///< each of all its pixels
  bool has_pixels = false;
  bool has_images = false;
  std::optional<int64_t> label;  ///< a whole number from 0; none where it is missing or something else
};

/// Reads the body in one pass and keeps only what it needs; other fields are ignored. Throws Refusal when it is not a
/// JSON object, is nested too deeply or too long, and when an image is not `pixels` numbers, or as many in the rows of
/// a square, from 0 to 255 or, where some are fractions, from 0 to 1.
RequestBody read_request_body(const std::string& text, size_t pixels);

}  // namespace digitrec::serve
