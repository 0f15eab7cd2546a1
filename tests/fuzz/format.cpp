#include "core/names.h"
#include "data/formats.h"
#include "fuzz.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace {

using digitrec::DataFormat;

const DataFormat& format_under_test() {
  const auto& formats = digitrec::data_formats();
  return *std::find_if(formats.begin(), formats.end(), [](const DataFormat& format) {
    return digitrec::lower_case(format.name) == DIGITREC_FUZZED_FORMAT;
  });
}

/// The bytes as the files that belong together: of two the first byte says how much of the rest, in 1/256, is the
/// first.
std::filesystem::path write_files(const std::vector<std::string>& names, std::string_view bytes) {
  if (names.size() == 1 || bytes.empty()) return digitrec::fuzz::file_of(bytes, names.front());
  const std::string_view rest = bytes.substr(1);
  const size_t cut = rest.size() * static_cast<uint8_t>(bytes[0]) / 256;
  digitrec::fuzz::file_of(rest.substr(cut), names[1]);
  return digitrec::fuzz::file_of(rest.substr(0, cut), names[0]);
}

}  // namespace

// One format of the table: what its reader makes of files under their usual names, for each purpose in turn.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using digitrec::Purpose;
  const DataFormat& format = format_under_test();
  constexpr Purpose kPurposes[] = {Purpose::train, Purpose::evaluate, Purpose::predict, Purpose::inspect};
  const Purpose purpose = kPurposes[size % 4];
  const bool is_training = purpose == Purpose::train || purpose == Purpose::inspect;
  const int64_t max_rows = static_cast<int64_t>(size / 4 % 2);  // 0: all
  const auto file =
      write_files(is_training ? format.train_files : format.test_files, digitrec::fuzz::text_of(data, size));
  return digitrec::fuzz::parse([&] { format.load(file, purpose, max_rows); });
}
