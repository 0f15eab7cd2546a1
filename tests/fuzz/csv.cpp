#include "data/csv.h"
#include "run/record.h"
#include "fuzz.h"

// CSV files: images with and without labels, submissions, metrics.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const std::string_view text = fuzz::text_of(data, size);
  const auto file = fuzz::file_of(text, "f.csv");
  // One reader an input: each makes a buffer of 48 MiB, which AddressSanitizer marks byte by byte.
  if (text.starts_with('I')) return fuzz::parse([&] { read_id_label_csv(file); });
  if (text.starts_with('e')) return fuzz::parse([&] { read_epoch_metrics(file); });
  constexpr Labels kLabels[] = {Labels::required, Labels::optional, Labels::ignored};
  const int64_t max_rows = size % 2;  // 0: all
  return fuzz::parse([&] { read_csv(file, kLabels[size % 3], max_rows); });
}
