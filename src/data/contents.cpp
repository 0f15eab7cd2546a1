#include "data/contents.h"

#include "core/names.h"
#include "data/data_folder.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <vector>

namespace digitrec {

namespace fs = std::filesystem;

namespace {

/// Files whose names end alike.
struct Group {
  fs::path first;
  int64_t count = 0;
};

/// The files of a folder and of those in it, the largest group first.
std::vector<Group> groups_of(const DataFolder& folder) {
  std::map<std::string, Group> by_ending;
  const auto add = [&](const DataFolder& place) {
    for (const fs::path& file : place.files()) {
      Group& group = by_ending[lower_case(file.extension().string())];
      if (group.count++ == 0) group.first = file;
    }
  };
  add(folder);
  for (const fs::path& below : folder.folders()) add(DataFolder(below));
  std::vector<Group> groups;
  for (auto& [ending, group] : by_ending) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.count > b.count; });
  return groups;
}

/// "a Parquet file" -> "2 Parquet files"
std::string counted(std::string_view name, int64_t count) {
  if (count == 1) return std::string(name);
  std::string plural(name.substr(name.find(' ') + 1));
  plural.insert(std::min(plural.find(" ("), plural.size()), "s");
  return fmt::format("{} {}", count, plural);
}

Contents describe(const Group& group, const fs::path& folder) {
  const FileKind kind = kind_in_folder(group.first);
  const std::string ending = lower_case(group.first.extension().string());
  if (ending == ".pt" || ending == ".pth") {
    return {counted("a PyTorch file (" + ending + ")", group.count),
            "write numpy.savez(FILE, x_train=images, y_train=labels), or name MNIST/raw"};
  }
  if (kind.name == "a Parquet file")
    return {counted(kind.name, group.count), "write .npz or CSV of them with Python, as docs/data.md says"};
  if (kind.name.empty()) return {};
  if (!kind.name.ends_with(" picture")) return {counted(kind.name, group.count), std::string(kind.hint)};
  const bool are_here = group.first.parent_path() == folder;
  return {counted("a picture", group.count) + (are_here ? ", none in a class's folder" : ", all in one folder"),
          "put those of each class into a folder named as it"};
}

}  // namespace

Contents describe_contents(const fs::path& folder) {
  constexpr size_t kLook = 8;
  std::vector<Group> groups = groups_of(DataFolder(folder));
  groups.resize(std::min(groups.size(), kLook));
  for (const Group& group : groups) {
    Contents contents = describe(group, folder);
    if (!contents.what.empty() && !contents.hint.empty()) return contents;
  }
  return {};
}

}  // namespace digitrec
