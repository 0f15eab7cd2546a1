#include "checkpoint/safetensors.h"
#include "fuzz.h"

// Tensors of any kind: header, shapes, offsets. What could be read is written and read again.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const auto file = fuzz::file_of(fuzz::text_of(data, size), "f.safetensors");
  return fuzz::parse([&] {
    const SafeTensors contents = read_safetensors(file);
    const auto copy = fuzz::file_of("", "copy.safetensors");
    write_safetensors(copy, contents);
    if (read_safetensors(copy).tensors.size() != contents.tensors.size()) std::abort();
  });
}
