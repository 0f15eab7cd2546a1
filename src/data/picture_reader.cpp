#include "data/picture_reader.h"

#include "digitrec/core/error.h"

namespace digitrec {
namespace {

PictureReader& current() {
  static PictureReader reader{[](const std::filesystem::path&, Purpose) { return std::filesystem::path(); },
                              [](const std::filesystem::path& folder, Framing, int64_t) -> Dataset {
                                throw Error(folder.string() + ": pictures, which this program reads none of");
                              }};
  return reader;
}

}  // namespace

void set_picture_reader(const PictureReader& reader) { current() = reader; }

const PictureReader& picture_reader() { return current(); }

}  // namespace digitrec
