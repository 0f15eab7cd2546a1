#pragma once

#include <string>

namespace digitrec::serve {

/// Ends a request with an error that its sender can correct.
struct Refusal {
  int status;
  std::string message;
};

}  // namespace digitrec::serve
