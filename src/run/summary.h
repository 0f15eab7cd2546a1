#pragma once

#include "digitrec/infer/metrics.h"
#include "digitrec/run/run.h"
#include "run/paths.h"

#include <map>
#include <string>

namespace digitrec {

/// Writes summary.json of a member, when its training has ended.
void write_summary(const RunPaths& member, const TrainConfig& config, const TrainStart& start,
                   const MemberResult& result);

/// Writes summary.json of a run of several networks. `held_out`: null when no rows are held back.
void write_summary(const RunPaths& run, const TrainConfig& config, const Metrics* held_out);

/// The machine that a network was trained on, by summary.json; empty when that is missing.
std::map<std::string, std::string> read_environment(const RunPaths& member);

}  // namespace digitrec
