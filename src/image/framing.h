#pragma once

#include "digitrec/image/pictures.h"
#include "image/image_file.h"

#include <cstdint>
#include <vector>

namespace digitrec {

/// One digit of a picture, as the networks take it.
struct FramedDigit {
  std::vector<uint8_t> pixels;  ///< `image_size` squared, ink 255
  /// Where in the picture it stands, in parts of its width and height: 0 to 1.
  double left = 0, top = 0, right = 1, bottom = 1;
  TextPlace place{};
  /// The two digits that it may be where it is as wide as two that touch, cut where its ink is thinnest; else empty.
  std::vector<FramedDigit> halves{};
};

/// The digits of any picture, in reading order, each framed as MNIST's are: ink found, strokes that belong together
/// gathered, their width brought near that of MNIST's, scaled into the box keeping the aspect ratio, centred by mass. A
/// picture that already has the right size and a black border is taken as it is. Throws Error, naming `image.source`,
/// when there is no digit: it is blank, noise, a dot, or too small.
std::vector<FramedDigit> frame_digits(const GrayImage& image, int64_t image_size);

/// The whole of a picture's ink framed likewise, as one character whatever its parts. Throws Error, naming
/// `image.source`.
FramedDigit frame_character(const GrayImage& image, int64_t image_size);

/// The whole of a picture, ink or not, at `image_size` x `image_size`.
std::vector<uint8_t> scale_picture(const GrayImage& image, int64_t image_size);

/// A picture's digits by one of the three above.
std::vector<FramedDigit> frame_picture(const GrayImage& image, int64_t image_size, PictureKind kind);

}  // namespace digitrec
