#include "core/reserve_threads.h"

#include <pthread.h>

#include <atomic>
#include <system_error>
#include <vector>

namespace digitrec {

// OpenMP gets the stacks of the threads that are tried here: glibc keeps them for the next ones, if they are large
// enough. LLVM's runtime asks for a little more than the default.
void reserve_threads(int64_t threads) {
  pthread_attr_t attributes;
  size_t stack = 0;
  pthread_attr_init(&attributes);
  pthread_attr_getstacksize(&attributes, &stack);
  pthread_attr_setstacksize(&attributes, stack + (size_t{64} << 10));
  const auto wait = [](void* is_over) -> void* {
    static_cast<std::atomic<bool>*>(is_over)->wait(false);
    return nullptr;
  };
  std::atomic<bool> is_over = false;
  std::vector<pthread_t> probes(static_cast<size_t>(threads));
  size_t started = 0;
  int error = 0;
  while (started < probes.size() && error == 0) {
    error = pthread_create(&probes[started], &attributes, wait, &is_over);
    if (error == 0) ++started;
  }
  is_over = true;
  is_over.notify_all();
  for (size_t i = 0; i < started; ++i) pthread_join(probes[i], nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) throw std::system_error(error, std::generic_category(), "thread");
}

}  // namespace digitrec
