#pragma once

#include "digitrec/data/dataset.h"
#include "digitrec/train/members.h"

#include <filesystem>
#include <string>

namespace digitrec {

/// Draws NAME.svg and NAME.png into a folder with gnuplot. All throw Error when it is missing or a file cannot be
/// written.

/// `mistakes`: the held-out rows that were read as another digit, each with label, answer and its probability, the most
/// confident first; at most kMostMistakes. `model` is named in the title. Returns how many there are.
int64_t draw_mistakes(const std::filesystem::path& folder, const std::string& model, const Dataset& dataset,
                      const HeldOut& held_out);

inline constexpr int64_t kMostMistakes = 300;

}  // namespace digitrec
