#include "data/column_names.h"

#include "core/names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace digitrec {
namespace {

template <size_t N>
bool is_any_of(const std::string& name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), lower_case(name)) != names.end();
}

}  // namespace

bool is_label_name(const std::string& name) {
  constexpr std::array<std::string_view, 6> kNames{"label", "labels", "class", "target", "y", "digit"};
  return is_any_of(name, kNames);
}

bool is_other_label_name(const std::string& name) {
  constexpr std::array<std::string_view, 10> kNames{"letter",      "character",  "char",       "symbol",  "category",
                                                    "class_label", "class_name", "label_name", "label_x", "label_y"};
  return is_any_of(name, kNames);
}

bool is_one_hot_name(const std::string& name) {
  const size_t last = name.find_last_not_of("0123456789");
  if (last == std::string::npos || last + 1 == name.size()) return false;
  const size_t end = name.find_last_not_of("_.- ", last);
  return end != std::string::npos && is_label_name(name.substr(0, end + 1));
}

bool is_id_name(const std::string& name) {
  constexpr std::array<std::string_view, 3> kNames{"id", "imageid", "image_id"};
  return is_any_of(name, kNames);
}

bool is_row_name(const std::string& name) {
  constexpr std::array<std::string_view, 35> kNames{
      "id",      "ids",     "idcode", "rowid", "imageid", "image",    "imagename", "imagepath", "img",
      "imgname", "picture", "file",   "fname", "path",    "filename", "fileid",    "filepath",  "filepaths",
      "name",    "uuid",    "guid",   "index", "no",      "nr",       "num",       "number",    "key",
      "row",     "record",  "sample", "code",  "serial",  "hash",     "md5",       "identifier"};
  constexpr std::string_view kBetweenWords = " _-.";
  const std::string lower = lower_case(name);
  std::string joined = lower;
  std::erase_if(joined, [&](char c) { return kBetweenWords.find(c) != std::string_view::npos; });
  if (is_any_of(joined, kNames)) return true;
  if (lower.size() < 3 || !lower.ends_with("id")) return false;
  const char before = name[name.size() - 3];
  const bool is_capital = name[name.size() - 2] == 'I';
  return kBetweenWords.find(before) != std::string_view::npos || (is_capital && before >= 'a' && before <= 'z');
}

bool is_index_name(const std::string& name) {
  constexpr std::array<std::string_view, 6> kNames{"", "index", "level_0", "rownames", "row.names", "filename"};
  return is_any_of(name, kNames) || name.starts_with("Unnamed: ");
}

bool is_no_label_name(const std::string& name) {
  constexpr std::array<std::string_view, 15> kWords{"fold",   "kfold",  "split",   "usage",   "set",
                                                    "subset", "writer", "user",    "weight",  "source",
                                                    "group",  "batch",  "version", "cluster", "dataset"};
  const std::vector<std::string> words = words_of(name);
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
  });
}

bool is_file_name(const std::string& name) {
  constexpr std::array<std::string_view, 9> kNames{"file",      "filename",   "file_name", "filepath", "path",
                                                   "filepaths", "image_path", "image",     "img"};
  return is_any_of(name, kNames);
}

}  // namespace digitrec
