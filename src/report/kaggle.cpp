#include "digitrec/report/kaggle.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

extern char** environ;

namespace digitrec {
namespace {

struct Answer {
  int status = 0;
  std::string output;  ///< stdout and stderr together, without line breaks at the end
};

/// Runs a program found on PATH without a shell. Throws Error when it cannot be started.
Answer run_program(const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe_ends{};
  if (::pipe(pipe_ends.data()) != 0) throw Error(fmt::format("no pipe to be had: {}", std::strerror(errno)));
  for (const int end : pipe_ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  if (error != 0) {
    ::close(pipe_ends[0]);
    if (error == ENOENT) {
      throw Error("the kaggle program is not on PATH; install it with: pip install kaggle, then put your API token in ~/.kaggle");
    }
    throw Error(fmt::format("the kaggle program cannot be started: {}", std::strerror(error)));
  }
  Answer answer;
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t count = ::read(pipe_ends[0], chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.output.append(chunk.data(), static_cast<size_t>(count));
  }
  ::close(pipe_ends[0]);
  while (::waitpid(child, &answer.status, 0) < 0 && errno == EINTR) {
  }
  while (!answer.output.empty() && std::isspace(static_cast<unsigned char>(answer.output.back()))) answer.output.pop_back();
  return answer;
}

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return text.find(word) != std::string::npos; });
}

}  // namespace

std::string submit_to_kaggle(const std::filesystem::path& file, const std::string& message) {
  const Answer answer = run_program(
      {"kaggle", "competitions", "submit", "-c", "digit-recognizer", "-f", file.string(), "-m", message});
  // The program has exited with 0 after some refusals, and warns of a token's permissions when all goes well: it has
  // succeeded when both its status and its words say so.
  const bool exited_well = WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == 0;
  if (exited_well && mentions(answer.output, {"uccessfully submitted"})) return answer.output;
  if (mentions(answer.output, {"Could not find kaggle.json", "401", "Unauthorized", "authenticate"})) {
    throw Error("Kaggle does not know you: make an API token on kaggle.com under Settings and put it in ~/.kaggle/kaggle.json");
  }
  if (mentions(answer.output, {"403", "Forbidden", "accept"})) {
    throw Error("Kaggle refused: accept the rules on kaggle.com/c/digit-recognizer/rules, then submit again");
  }
  const std::string last_line = answer.output.substr(answer.output.find_last_of('\n') + 1);
  throw Error(fmt::format("the kaggle program failed: {}; see what it says by itself, and whether Kaggle is reachable",
                          last_line.empty() ? "it said nothing" : last_line));
}

}  // namespace digitrec
