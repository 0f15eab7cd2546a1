#include "kernels/dispatch.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace digitrec::kernels {
namespace {

#if defined(__x86_64__) && defined(__linux__)
/// AMX-TILE and AMX-BF16, which Clang's __builtin_cpu_supports does not know before version 16.
bool has_tile_instructions() {
  constexpr unsigned kFeatures = 7;
  constexpr unsigned kBf16 = 1U << 22;
  constexpr unsigned kTile = 1U << 24;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid_count(kFeatures, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & (kBf16 | kTile)) == (kBf16 | kTile);
}
#endif

/// Linux grants a program the tile registers when it asks.
bool may_use_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of arch_prctl
  constexpr int kTileData = 18;
  return has_tile_instructions() && __builtin_cpu_supports("avx512bf16") &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

std::vector<const Table*> supported_tables() {
  std::vector<const Table*> tables;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (fma && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    if (may_use_tiles()) tables.push_back(&amx::table());
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
