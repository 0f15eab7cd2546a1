#pragma once

#include <filesystem>
#include <string>

namespace digitrec {

/// What lies in a folder or an archive that is no data set, for messages.
struct Contents {
  std::string what{};  ///< "2 Parquet files", "300 pictures, none in a class's folder"; empty where nothing is known
  std::string hint{};  ///< what to do about it
};

/// Says what most of the files in it and in the folders of it are. Opens a few of them.
Contents describe_contents(const std::filesystem::path& folder);

}  // namespace digitrec
