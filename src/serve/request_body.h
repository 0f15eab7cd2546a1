#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace digitrec::serve {

/// Ends a request with an error that its sender can do something about.
struct Refusal {
  int status;
  std::string message;
};

/// What a JSON body says: one image in "pixels" or several in "images", and the "label" of a correction.
struct RequestBody {
  std::vector<std::vector<uint8_t>> images;  ///< each of all its pixels
  bool has_pixels = false;
  bool has_images = false;
  std::optional<int64_t> label;  ///< a whole number from 0; none where it is missing or anything else
};

/// Reads the body as it comes, keeping nothing that it does not need; other fields are passed over. Throws Refusal when
/// it is no JSON object, nested deeply or endless, and when an image in it has not `pixels` numbers from 0 to 255.
RequestBody read_request_body(const std::string& text, size_t pixels);

}  // namespace digitrec::serve
