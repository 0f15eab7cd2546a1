#pragma once

#include "kernels/isa/table.h"

#include <vector>

namespace digitrec::kernels {

/// The tables that this processor can run, the fastest first; the last is `baseline`, which every one can.
std::vector<const Table*> supported_tables();

/// The fastest of them.
const Table& best_table();

}  // namespace digitrec::kernels
