#pragma once

#include "run/record.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace digitrec {

/// Draws all figures of a run with gnuplot, each as NAME.svg and NAME.png, and calls `on_drawn` with each PNG file that
/// is written, in this order and on one thread at a time:
///   curves        loss and accuracy over the epochs, the learning rate below
///   confusion     which label is read as what, counted and in percent
///   classes       precision, recall and F1 of every class
///   reliability   how often answers of a given confidence are right
///   predictions   held-out rows of every class, framed green where the answer is right
///   mistakes      rows that are misread, the most confident first, up to kMaxMistakes
///   pixels        one image with the value of every pixel
///   filters       the weights of the first layer
///   feature-maps  what the convolutions make of that image; only for networks that have some
/// With more than 20 classes confusion, classes and predictions are left out. Names that the fonts cannot show are
/// replaced by the classes' numbers. Returns what to know of the figures, a line each. Throws Error when gnuplot is
/// missing or a file cannot be written.
std::vector<std::string> draw_figures(const RunRecord& run, const std::filesystem::path& folder,
                                      const std::function<void(const std::filesystem::path&)>& on_drawn);

inline constexpr int64_t kMaxMistakes = 300;

}  // namespace digitrec
