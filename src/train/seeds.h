#pragma once

#include "core/random.h"
#include "digitrec/train/config.h"

namespace digitrec {

/// Streams of the run's seed; see mix_seed.
enum SeedStream : uint64_t {
  kSplitStream,
  kWeightStream,
  kShuffleStream,
  kDropoutStream,
  kAugmentStream,
  kMemberStream
};

/// The seed of one of a run's random streams. Each of several networks has its own seeds, but all have the same split.
inline uint64_t stream_seed(const TrainConfig& config, SeedStream stream) {
  if (stream == kSplitStream || config.member <= 1) return mix_seed(config.seed, stream);
  return mix_seed(mix_seed(config.seed, kMemberStream + static_cast<uint64_t>(config.member)), stream);
}

}  // namespace digitrec
