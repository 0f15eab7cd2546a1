#pragma once

#include <filesystem>
#include <string_view>

namespace digitrec {

/// Bytes of a file's beginning that file_kind looks at.
inline constexpr size_t kFileKindBytes = 4096;

/// What a file is by its first bytes.
struct FileKind {
  std::string_view name{};  ///< for messages: "an HTML page"; empty: unknown
  std::string_view hint{};  ///< what to do about it where data was expected; empty: nothing is known
};

/// Tells apart what people hand over in place of data, pictures and checkpoints. `beginning`: kFileKindBytes of the
/// file, or all of it.
FileKind file_kind(std::string_view beginning);

/// The kind of a file by its first bytes, as they are on the disk; unknown for a pipe and for what cannot be opened.
FileKind kind_of_file(const std::filesystem::path& file);

}  // namespace digitrec
