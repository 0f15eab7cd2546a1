#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace digitrec {

/// A line of a file of classes' names.
struct ClassName {
  int64_t label = -1;  ///< that the line gives; -1 in a file whose order says it
  std::string name;
};

/// Reads such a file, UTF-8 or UTF-16: one name a line, or the label before or behind it with a blank, a tab, a comma,
/// a semicolon, a colon or = between them; a header as in `label,name` is left out. A line may also be a label with the
/// codes of its characters, as in EMNIST's mappings ("1 65 97"). All may stand on one line with commas between them, or
/// be JSON: a list, or an object of names by labels or of labels by names. Either all lines have a label or none.
/// Throws Error for an empty file, more than kMaxClasses lines, and a label or a name that stands twice.
std::vector<ClassName> read_class_names(const std::filesystem::path& path);

}  // namespace digitrec
