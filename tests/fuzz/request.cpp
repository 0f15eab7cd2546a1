#include "fuzz.h"
#include "serve/refusal.h"
#include "serve/request_reader.h"

#include <vector>

namespace {

using namespace digitrec;

/// The bodies and paths of the requests in what a connection brings, up to a refusal, `step` bytes at a time.
std::vector<std::string> read(std::string_view bytes, size_t step) {
  serve::RequestReader reader(1 << 12);
  std::vector<std::string> found;
  std::string waiting;
  try {
    while (!bytes.empty()) {
      waiting += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
      for (size_t taken = 1; taken > 0 && !waiting.empty();) {
        taken = reader.read(waiting);
        waiting.erase(0, taken);
        if (reader.is_complete()) {
          const serve::Request request = reader.take();
          found.push_back(request.path + "\n" + request.body);
        }
      }
    }
  } catch (const serve::Refusal&) {
  }
  return found;
}

}  // namespace

// What comes over a connection: however it is cut into pieces, it holds the same requests.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = fuzz::text_of(data, std::min<size_t>(size, 16 << 10));
  if (read(bytes, bytes.size() + 1) != read(bytes, 1)) std::abort();
  return 0;
}
