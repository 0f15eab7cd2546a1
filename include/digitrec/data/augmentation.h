#pragma once

namespace digitrec {

/// How far training images are varied; every image draws its own amounts, uniformly up to these. All 0: not at all.
struct Augmentation {
  double rotate = 0;     ///< degrees, either way
  double scale = 0;      ///< share of the size, larger or smaller, in x and y separately
  double shear = 0;      ///< x shifted by up to this share of y
  double shift = 0;      ///< pixels, in x and y
  double elastic = 0;    ///< pixels: standard deviation of a smooth random displacement (Simard et al. 2003)
  double thickness = 0;  ///< 1: up to a whole pixel thicker or thinner on each side of a stroke
  double erase = 0;      ///< share of the images that lose a rectangle (Zhong et al. 2017)

  bool any() const {
    return rotate > 0 || scale > 0 || shear > 0 || shift > 0 || elastic > 0 || thickness > 0 || erase > 0;
  }
};

}  // namespace digitrec
