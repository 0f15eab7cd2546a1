#include "data/csv.h"
#include "fuzz.h"
#include "run/record.h"

// Tables that are no data sets: submissions and metrics. One reader an input: each makes a buffer of 48 MiB, which
// AddressSanitizer marks byte by byte.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const auto file = fuzz::file_of(fuzz::text_of(data, size), "f.csv");
  if (size % 2 == 0) return fuzz::parse([&] { read_ordered_labels(file); });
  return fuzz::parse([&] { read_epoch_metrics(file); });
}
