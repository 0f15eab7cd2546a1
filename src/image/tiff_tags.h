#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace digitrec {

/// The first directory of a TIFF file, which is also what Exif is kept in. Reads within `tiff` alone, whatever the file
/// says.
class TiffDirectory {
 public:
  explicit TiffDirectory(std::string_view tiff);

  /// The first value of a tag whose values are whole numbers; none where the tag is missing.
  std::optional<uint32_t> value(uint32_t tag) const;

 private:
  uint32_t number(size_t at, size_t bytes) const;

  std::string_view tiff_;
  bool is_little_ = true;
  size_t entries_ = 0;  ///< where the first is
  size_t count_ = 0;
};

}  // namespace digitrec
