#include "digitrec/data/csv.h"
#include "digitrec/report/run_record.h"
#include "fuzz.h"

// CSV files: images with and without labels, submissions, metrics.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const auto file = fuzz::file_of(fuzz::text_of(data, size), "f.csv");
  fuzz::parse([&] { read_csv(file, Labels::required); });
  fuzz::parse([&] { read_csv(file, Labels::optional, /*max_rows=*/1); });
  fuzz::parse([&] { read_csv(file, Labels::ignored); });
  fuzz::parse([&] { read_id_label_csv(file); });
  return fuzz::parse([&] { read_epoch_metrics(file); });
}
