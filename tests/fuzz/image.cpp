#include "fuzz.h"
#include "image/framing.h"
#include "image/image_file.h"

// Picture files of every kind, and what is found in them. Small pictures: large ones only take long.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  return fuzz::parse([&] {
    const GrayImage image = decode_image(std::string(fuzz::text_of(data, size)), "f", {.max_pixels = 1 << 14});
    frame_digits(image, 28);
    if (decode_image(encode_png(image), "again").pixels != image.pixels) std::abort();
  });
}
