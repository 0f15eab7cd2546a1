#pragma once

#include "data/csv_lines.h"
#include "digitrec/data/classes.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// Throws Error, which says why a field is not a whole number in 0..`limit`. `line`: its number.
[[noreturn]] void fail_field(const CsvLines& lines, int64_t line, std::string_view column, std::string_view field,
                             int64_t limit);

/// The labels of the rows read so far: whole numbers, or names. Names may be digits and letters, as 0 to 9 and A to Z;
/// one word among numbers is a mistake.
class LabelRows {
 public:
  /// Throws Error for what is neither a number of a class nor a name.
  void add(const CsvLines& lines, const std::string& column, std::string_view field);

  /// What stands in each row in place of its label where all are withheld, as in a test set: "'?'", "'-1'", "'nan'" or
  /// "empty"; else empty.
  std::string withheld() const;

  /// The labels, counted in the alphabet's order of the names; none where they are withheld. Throws Error for a name
  /// among numbers.
  std::vector<int64_t> take(const CsvLines& lines, Classes& classes);

 private:
  bool are_mixed() const;
  void add_missing(const CsvLines& lines, const std::string& column, std::string_view text);

  std::string column_{};
  std::vector<int64_t> labels_;                         ///< the place of each row's
  std::map<std::string, int64_t, std::less<>> places_;  ///< of numbers and names, as they first came
  std::vector<int64_t> numbers_;                        ///< by place; -1: a name
  int64_t named_rows_ = 0;
  int64_t names_ = 0;       ///< that are no numbers
  int64_t first_line_ = 0;  ///< with a name
  std::string first_name_{};
  int64_t missing_line_ = 0;  ///< the first without a label; 0: none
  std::string missing_{};     ///< what stands there
};

}  // namespace digitrec
