#include "kernels/dispatch.h"

namespace digitrec::kernels {

std::vector<const Table*> supported_tables() {
  std::vector<const Table*> tables;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    tables.push_back(&avx512::table());
  }
  if (fma) tables.push_back(&avx2::table());
#endif
  tables.push_back(&baseline::table());
  return tables;
}

const Table& best_table() {
  static const Table& best = *supported_tables().front();
  return best;
}

}  // namespace digitrec::kernels
