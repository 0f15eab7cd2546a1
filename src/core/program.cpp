#include "core/program.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

extern char** environ;  // NOLINT(readability-redundant-declaration): glibc declares it, others do not

namespace digitrec {

ProgramAnswer run_program(const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe_ends{};
  // A child that another thread starts must not inherit the write end: the read below ends only when all are closed.
  static std::mutex starting;
  std::unique_lock lock(starting);
  if (::pipe(pipe_ends.data()) != 0) throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  for (const int end : pipe_ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
  // Signals that we ignore would be ignored there too.
  sigset_t ignored;
  sigemptyset(&ignored);
  for (const int signal : {SIGPIPE, SIGXFSZ}) sigaddset(&ignored, signal);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  lock.unlock();
  ProgramAnswer answer;
  if (error != 0) {
    ::close(pipe_ends[0]);
    if (error != ENOENT)
      throw Error(fmt::format("the {} program cannot be started: {}", arguments[0], std::strerror(error)));
    answer.is_missing = true;
    return answer;
  }
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t count = ::read(pipe_ends[0], chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.output.append(chunk.data(), static_cast<size_t>(count));
  }
  ::close(pipe_ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  answer.succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  while (!answer.output.empty() && std::isspace(static_cast<unsigned char>(answer.output.back())) != 0)
    answer.output.pop_back();
  return answer;
}

std::string last_line(const std::string& text) { return text.substr(text.find_last_of('\n') + 1); }

}  // namespace digitrec
