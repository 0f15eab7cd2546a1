#include "image/folder_use.h"

#include "core/names.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {
namespace {

FolderUse use_of(std::string_view word) {
  if (word.starts_with("train") || word.starts_with("learn") || word == "tr" || word == "trn") return FolderUse::train;
  if (word.starts_with("test") || word == "te" || word == "ts" || word == "tst") return FolderUse::test;
  const bool is_validation =
      word == "val" || word == "dev" || word.starts_with("valid") || word.starts_with("eval") || word == "valset";
  return is_validation ? FolderUse::validation : FolderUse::any;
}

}  // namespace

FolderUse folder_use(const std::filesystem::path& folder) {
  std::set<FolderUse> uses;
  for (const std::string& word : words_of(folder.filename().string())) uses.insert(use_of(word));
  uses.erase(FolderUse::any);
  if (uses.size() > 1) uses.erase(FolderUse::validation);  // train_val, dev_test: of the other part
  return uses.size() == 1 ? *uses.begin() : FolderUse::any;
}

bool has_usual_name(const std::filesystem::path& folder) {
  constexpr std::array<std::string_view, 7> kNames{"train", "training", "test",      "testing",
                                                   "val",   "valid",    "validation"};
  return std::find(kNames.begin(), kNames.end(), lower_case(folder.filename().string())) != kNames.end();
}

}  // namespace digitrec
