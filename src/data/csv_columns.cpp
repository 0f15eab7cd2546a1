#include "data/csv_columns.h"

#include "data/column_names.h"
#include "data/csv_lines.h"
#include "data/csv_text.h"
#include "data/csv_unnamed.h"
#include "data/numbered_name.h"
#include "data/packed_pixels.h"
#include "digitrec/data/dataset.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

namespace digitrec {
namespace {

/// The columns of pixels: where they stand, and what their names say.
struct PixelNames {
  std::vector<size_t> columns;
  std::vector<NumberedName> names;

  size_t count() const { return columns.size(); }
};

/// The names that all pixels' are like: those of most columns.
std::string common_pattern(const PixelNames& pixels) {
  std::map<std::string, size_t> counts;
  for (const NumberedName& name : pixels.names) ++counts[name.pattern];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

/// Which of the numbers in a name differ from pixel to pixel: the v2 of v2_pixel7 does not.
std::vector<size_t> varying_numbers(const std::vector<NumberedName>& names) {
  std::vector<size_t> varying;
  for (size_t i = 0; i < names.front().numbers.size(); ++i) {
    const bool varies = std::any_of(names.begin(), names.end(), [&](const NumberedName& name) {
      return name.numbers[i] != names.front().numbers[i];
    });
    if (varies) varying.push_back(i);
  }
  return varying;
}

/// Finds which columns of a named header hold what.
class Mapping {
 public:
  Mapping(CsvColumns& columns, const FailHeader& fail, const std::string& id_name)
      : columns_(columns),
        fail_(fail),
        id_name_(id_name),
        has_id_name_(!id_name.empty() &&
                     std::find(columns.names.begin(), columns.names.end(), id_name) != columns.names.end()) {}

  void map() {
    find_named();
    refuse_colours();
    const std::string pattern = common_pattern(pixels_);
    const bool are_numbered = pattern.find(kNumber) != std::string::npos;
    if (are_numbered && columns_.label < 0) find_other_label(pattern);
    if (are_numbered) leave_out_others(pattern);
    if (columns_.label < 0 && has_one_too_many(pixels_.count())) guess_label();
    set_image_size();
    are_numbered ? set_order() : require_distinct();
  }

 private:
  const std::string& name_of(size_t pixel) const { return columns_.names[pixels_.columns[pixel]]; }

  /// A sample of the submission knows what the ids are called.
  bool is_id(const std::string& name) const { return has_id_name_ ? name == id_name_ : is_id_name(name); }

  void find_named() {
    for (size_t i = 0; i < columns_.names.size(); ++i) {
      const std::string& name = columns_.names[i];
      const auto column = static_cast<int64_t>(i);
      if (is_id(name)) {
        require_one(columns_.id, "the ids", name);
        columns_.id = column;
      } else if (is_label_name(name)) {
        require_one(columns_.label, "the labels", name);
        columns_.label = column;
      } else {
        pixels_.columns.push_back(i);
        pixels_.names.push_back(take_numbers(name));
      }
    }
    // Names like "Unnamed: 7" are the pixels' own where most are like that.
    const std::string common = common_pattern(pixels_);
    const auto like = std::count_if(pixels_.names.begin(), pixels_.names.end(),
                                    [&](const NumberedName& name) { return name.pattern == common; });
    const bool is_pixels_own = common.find(kNumber) != std::string::npos && like > 1;
    drop([&](size_t pixel) {
      return is_index_name(name_of(pixel)) && !(is_pixels_own && pixels_.names[pixel].pattern == common);
    });
  }

  void require_one(int64_t before, const std::string& what, const std::string& name) const {
    if (before < 0) return;
    const std::string& other = columns_.names[static_cast<size_t>(before)];
    fail_(other == name
              ? fmt::format("two columns are named {}; expected one", shown(name))
              : fmt::format("columns {} and {} may both be {}; expected one", shown(other), shown(name), what),
          "");
  }

  /// Leaves out the columns that are no pixels by `is_out`, a function of their place among the pixels.
  template <class IsOut>
  void drop(IsOut is_out) {
    PixelNames kept;
    for (size_t i = 0; i < pixels_.count(); ++i) {
      if (is_out(i)) {
        columns_.left_out.push_back(static_cast<int64_t>(pixels_.columns[i]));
      } else {
        kept.columns.push_back(pixels_.columns[i]);
        kept.names.push_back(pixels_.names[i]);
      }
    }
    pixels_ = std::move(kept);
    std::sort(columns_.left_out.begin(), columns_.left_out.end());
  }

  /// r0,g0,b0,r1,...: each pixel by its colours, of which one alone would be read as the image.
  void refuse_colours() const {
    std::map<std::string, size_t> counts;
    for (const NumberedName& name : pixels_.names) ++counts[name.pattern];
    const size_t most = counts.empty() ? 0 : counts[common_pattern(pixels_)];
    const auto colours = std::count_if(counts.begin(), counts.end(), [&](const auto& entry) {
      return entry.second == most && entry.first.find(kNumber) != std::string::npos;
    });
    if (colours < 3 || colours > 4 || most < 4 || side_of(most) == 0) return;
    fail_(fmt::format("{} columns for each pixel, {}, {} and {}: colours; expected one, grey", colours,
                      shown(name_of(0)), shown(name_of(1)), shown(name_of(2))),
          "write 0.299 red + 0.587 green + 0.114 blue as pixel0, pixel1, ...");
  }

  void find_other_label(const std::string& pattern) {
    std::vector<size_t> labels;
    std::vector<size_t> one_hot;
    for (size_t i = 0; i < pixels_.count(); ++i) {
      if (pixels_.names[i].pattern == pattern) continue;
      if (is_other_label_name(name_of(i))) labels.push_back(i);
      if (is_one_hot_name(name_of(i))) one_hot.push_back(i);
    }
    if (one_hot.size() > 1) {
      fail_(fmt::format("columns {} to {} are the label, one-hot; expected one column of labels",
                        shown(name_of(one_hot.front())), shown(name_of(one_hot.back()))),
            "write their argmax");
    }
    if (labels.size() > 1) {
      fail_(fmt::format("columns {} and {} may both be the labels; expected one", shown(name_of(labels[0])),
                        shown(name_of(labels[1]))),
            "rename the one that is it to label");
    }
    if (labels.empty()) return;
    columns_.label = static_cast<int64_t>(pixels_.columns[labels.front()]);
    erase(labels.front());
  }

  void leave_out_others(const std::string& pattern) {
    const auto is_other = [&](size_t pixel) { return pixels_.names[pixel].pattern != pattern; };
    size_t others = 0;
    size_t first = 0;
    for (size_t i = 0; i < pixels_.count(); ++i) {
      if (is_other(i) && others++ == 0) first = i;
    }
    if (others == 0) return;
    const size_t count = pixels_.count() - others;
    if (side_of(count) == 0 && !(columns_.label < 0 && has_one_too_many(count))) {
      fail_(fmt::format("{} columns named like {} do not make a square image; is {} one of them?", count,
                        shown(name_of(first == 0 ? others : 0)), quoted_name(name_of(first))),
            "");
    }
    suppose_label(pattern, count);
    drop([&](size_t pixel) { return pixels_.names[pixel].pattern != pattern; });
  }

  /// The only column beside the pixels whose name does not say that it is something else.
  void suppose_label(const std::string& pattern, size_t pixels) {
    if (columns_.label >= 0 || side_of(pixels) == 0) return;
    std::vector<size_t> candidates;
    for (size_t i = 0; i < pixels_.count(); ++i) {
      if (pixels_.names[i].pattern != pattern && !is_no_label_name(name_of(i))) candidates.push_back(i);
    }
    if (candidates.size() != 1) return;
    columns_.label = static_cast<int64_t>(pixels_.columns[candidates.front()]);
    columns_.is_label_supposed = true;
    erase(candidates.front());
  }

  void erase(size_t pixel) {
    pixels_.columns.erase(pixels_.columns.begin() + static_cast<std::ptrdiff_t>(pixel));
    pixels_.names.erase(pixels_.names.begin() + static_cast<std::ptrdiff_t>(pixel));
  }

  static std::string quoted_name(const std::string& name) { return fmt::format("'{}'", shown(name)); }

  /// R's V1 to V785 and pandas' 0 to 784 do not say which one is the label.
  void guess_label() {
    columns_.label = static_cast<int64_t>(pixels_.columns.front());
    columns_.is_label_guessed = true;
    erase(0);
  }

  /// Tables that belong to images and hold none.
  void require_pixels() const {
    const bool are_few = columns_.names.size() <= 3 && columns_.label >= 0;
    if (!are_few || pixels_.count() > 1) return;
    const auto file = std::find_if(columns_.names.begin(), columns_.names.end(), is_file_name);
    if (file != columns_.names.end()) {
      fail_(fmt::format("a table of files and labels (column {}); expected pixels", shown(*file)),
            "put the pictures in a folder for each class, and name the folder of these");
    }
    if (columns_.id >= 0 && pixels_.count() == 0)
      fail_("a table of ids and labels, as a submission is; expected pixels",
            "digitrec submit takes a submission, train and eval take images");
  }

  void set_image_size() const {
    require_pixels();
    columns_.image_size = side_of(pixels_.count());
    if (columns_.image_size > 0) return;
    fail_(fmt::format("{} pixel columns do not make a square image; expected a square number, such as 784 for 28 x 28",
                      pixels_.count()),
          has_one_too_many(pixels_.count())
              ? fmt::format("is {} an index? pandas writes none with index=False", quoted_name(name_of(0)))
              : "");
  }

  /// Sorts the pixels by the numbers in their names, which have to be those of an image without a gap.
  void set_order() const {
    std::vector<size_t> sorted(pixels_.columns.size());
    std::iota(sorted.begin(), sorted.end(), size_t{0});
    const auto& names = pixels_.names;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](size_t a, size_t b) { return names[a].numbers < names[b].numbers; });
    require_no_gap(sorted);
    require_row_first();
    if (std::is_sorted(sorted.begin(), sorted.end())) return;
    columns_.order.assign(sorted.begin(), sorted.end());
  }

  /// Refuses 0_0, 1_0, 2_0, ..., whose file may be row by row, with the column first in the names, or column by column.
  void require_row_first() const {
    const auto& names = pixels_.names;
    if (names.front().numbers.size() != 2 || names.front().names_axes || columns_.image_size < 2) return;
    const auto& first = names[0].numbers;
    const auto& second = names[1].numbers;
    if (second[0] == first[0] || second[1] != first[1]) return;
    fail_(fmt::format("{} comes after {}: the names do not say which number is the row; expected the row first, "
                      "and its pixels side by side",
                      shown(name_of(1)), shown(name_of(0))),
          "name them pixel0, pixel1, ..., row by row, or r0c0, r0c1, ...");
  }

  void require_no_gap(const std::vector<size_t>& sorted) const {
    const std::vector<size_t> varying = varying_numbers(pixels_.names);
    const auto size = static_cast<size_t>(columns_.image_size);
    for (size_t i = 1; i < sorted.size(); ++i) {
      const std::vector<int64_t>& before = pixels_.names[sorted[i - 1]].numbers;
      const std::vector<int64_t>& numbers = pixels_.names[sorted[i]].numbers;
      if (numbers == before) {
        fail_(fmt::format("two columns are named {}; expected each pixel once", shown(name_of(sorted[i]))), "");
      }
      bool follows = false;
      if (varying.size() == 1) follows = numbers[varying[0]] == before[varying[0]] + 1;
      if (varying.size() == 2) {  // a row of the image, then the next one
        const std::vector<int64_t>& first = pixels_.names[sorted.front()].numbers;
        const auto row = static_cast<int64_t>(i / size);
        const auto column = static_cast<int64_t>(i % size);
        follows = numbers[varying[0]] == first[varying[0]] + row && numbers[varying[1]] == first[varying[1]] + column;
      }
      if (follows) continue;
      fail_(fmt::format("no pixel stands between {} and {} by their names; expected numbers without a gap",
                        shown(name_of(sorted[i - 1])), shown(name_of(sorted[i]))),
            "");
    }
  }

  void require_distinct() const {
    std::map<std::string_view, size_t> seen;
    for (size_t i = 0; i < pixels_.columns.size(); ++i) {
      if (!seen.try_emplace(name_of(i), i).second)
        fail_(fmt::format("two columns are named {}; expected each pixel once", shown(name_of(i))), "");
    }
  }

  CsvColumns& columns_;
  const FailHeader& fail_;
  const std::string& id_name_;
  bool has_id_name_;
  PixelNames pixels_;
};

std::vector<std::string> split_names(std::string_view line, char separator, const FailHeader& fail) {
  constexpr size_t kMaxColumns = static_cast<size_t>(kMaxImageSize * kMaxImageSize) + 1;
  std::vector<std::string> names;
  for (Fields fields(line, separator); !fields.at_end();) {
    names.emplace_back(unquoted(unescaped(fields.next())));
    if (names.size() > kMaxColumns) fail(std::string(kLineTooLong), "");
  }
  return names;
}

}  // namespace

bool CsvColumns::is_left_out(int64_t column) const {
  return std::binary_search(left_out.begin(), left_out.end(), column);
}

std::string_view CsvColumns::row_of(std::string_view line, std::string& buffer) const {
  if (!first_row.empty() && line == header) return first_row;
  if (packed < 0) return line;
  buffer = unpacked_row(line, separator, packed);
  return buffer;
}

CsvColumns find_csv_columns(std::string_view line, const FailHeader& fail, const std::string& id_name) {
  CsvColumns columns;
  columns.header = line;
  columns.separator = find_separator(line);
  columns.names = split_names(line, columns.separator, fail);
  if (const std::vector<std::string> row = row_in_header(columns.names); !row.empty()) {
    place_row_in_header(columns, row, fail);
    return columns;
  }
  if (are_numbers(columns.names, columns.separator)) {
    const bool names_nothing =
        columns.names.size() > static_cast<size_t>(kMinUnnamedSize * kMinUnnamedSize) && are_distinct(columns.names);
    columns.has_header = names_nothing;
    place_unnamed(columns, fail);
    return columns;
  }
  if (const int64_t word = word_of_row(columns.names, columns.separator); word >= 0) {
    place_named_row(columns, word, fail);
    return columns;
  }
  Mapping(columns, fail, id_name).map();
  return columns;
}

}  // namespace digitrec
