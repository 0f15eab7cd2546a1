#include "image/picture_refusal.h"

#include <string_view>

namespace digitrec {

std::string why_refused(const Error& error, PictureKind kind) {
  constexpr std::string_view kDigit = " of a digit";
  std::string why = error.what();
  if (kind != PictureKind::number && why.ends_with(kDigit)) why.resize(why.size() - kDigit.size());
  return why;
}

}  // namespace digitrec
