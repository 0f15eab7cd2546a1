#include "data/byte_stream.h"
#include "fuzz.h"

#include <array>

// Plain and packed files, read in pieces. A few bytes may unpack to very many: a megabyte of them is enough here.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const auto file = fuzz::file_of(fuzz::text_of(data, size), "f.gz");
  return fuzz::parse([&] {
    ByteStream stream(file);
    std::array<char, 1000> piece{};
    for (int i = 0; i < 1000 && stream.read(piece.data(), piece.size()) > 0; ++i) {
    }
  });
}
