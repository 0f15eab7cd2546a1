#include "core/held_stdin.h"

#include "core/descriptor.h"
#include "digitrec/core/error.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace digitrec {

void hold_stdin() {
  struct stat about{};
  if (::fstat(STDIN_FILENO, &about) != 0 || !(S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode))) return;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> kept(std::tmpfile(), std::fclose);
  const auto fail = [] {
    throw Error(std::string("stdin: cannot be kept in a temporary file: ") + std::strerror(errno),
                "set TMPDIR to a folder with room, or name a file");
  };
  if (kept == nullptr) fail();
  const Descriptor from(STDIN_FILENO);
  const Descriptor to(::fileno(kept.get()));
  std::array<char, 1 << 16> buffer{};
  for (int64_t count = 0; (count = from.read(buffer.data(), buffer.size())) != 0;) {
    if (count < 0 || !to.write(buffer.data(), static_cast<size_t>(count))) fail();
  }
  if (::lseek(to.get(), 0, SEEK_SET) < 0 || ::dup2(to.get(), STDIN_FILENO) < 0) fail();
}

}  // namespace digitrec
