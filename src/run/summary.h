#pragma once

#include "digitrec/infer/metrics.h"
#include "digitrec/run/run.h"
#include "run/paths.h"

#include <map>
#include <string>

namespace digitrec {

/// summary.json of a member, which is written when its training ends.
void write_summary(const RunPaths& member, const TrainConfig& config, const TrainStart& start,
                   const MemberResult& result);

/// summary.json of a run of several networks. `held_out`: null where nothing is held back.
void write_summary(const RunPaths& run, const TrainConfig& config, const Metrics* held_out);

/// What summary.json says of the machine that a network was trained on; nothing where it is missing.
std::map<std::string, std::string> read_environment(const RunPaths& member);

}  // namespace digitrec
