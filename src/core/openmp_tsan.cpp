// libgomp is built without ThreadSanitizer, which therefore does not see how OpenMP's threads synchronise at the begin
// and end of a parallel region, and reports races where there are none. This wrapper of libgomp's function tells it
// when they do.
#if defined(__SANITIZE_THREAD__)

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

namespace {

struct Region {
  void (*body)(void*);
  void* data;
  char begin = 0;  // two addresses, so that one thread's end does not count as another's begin
  char end = 0;
};

void run(void* argument) {
  auto* region = static_cast<Region*>(argument);
  __tsan_acquire(&region->begin);
  region->body(region->data);
  __tsan_release(&region->end);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libgomp's name
extern "C" void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags) {
  static const auto libgomps = reinterpret_cast<decltype(&GOMP_parallel)>(dlsym(RTLD_NEXT, "GOMP_parallel"));
  Region region{body, data};
  __tsan_release(&region.begin);
  libgomps(run, &region, threads, flags);
  __tsan_acquire(&region.end);
}

#endif
