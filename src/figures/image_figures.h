#pragma once

#include "run/record.h"

#include <filesystem>

namespace digitrec {

// Figures made of images; see draw_figures for what each shows.
void draw_predictions(const RunRecord& run, const std::filesystem::path& folder);
void draw_mistakes(const RunRecord& run, const std::filesystem::path& folder);
void draw_pixels(const RunRecord& run, const std::filesystem::path& folder);
void draw_filters(const RunRecord& run, const Checkpoint& network, const std::filesystem::path& folder);
/// Draws nothing, and returns false, for a network without convolutions.
bool draw_feature_maps(const RunRecord& run, const Checkpoint& network, const std::filesystem::path& folder);

}  // namespace digitrec
