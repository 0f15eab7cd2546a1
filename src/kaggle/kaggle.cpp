#include "kaggle/kaggle.h"

#include "core/program.h"
#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <initializer_list>

namespace digitrec {
namespace {

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != std::string::npos; });
}

}  // namespace

std::string submit_to_kaggle(const std::filesystem::path& file, const std::string& message) {
  const ProgramAnswer answer =
      run_program({"kaggle", "competitions", "submit", "-c", "digit-recognizer", "-f", file.string(), "-m", message});
  if (answer.is_missing) {
    throw Error("the kaggle program is not on PATH",
                "install it with: pip install kaggle, then put your API token in ~/.kaggle");
  }
  // The program exits with 0 after some refusals, and may warn of a token's permissions after a success: it has
  // succeeded when both its status and its output say so.
  if (answer.succeeded && mentions(answer.output, {"uccessfully submitted"})) return answer.output;
  if (mentions(answer.output, {"Could not find kaggle.json", "401", "Unauthorized", "authenticate"})) {
    throw Error("Kaggle does not know you",
                "make an API token on kaggle.com under Settings and put it in ~/.kaggle/kaggle.json");
  }
  if (mentions(answer.output, {"403", "Forbidden", "accept"})) {
    throw Error("Kaggle refused the submission",
                "accept the rules on kaggle.com/c/digit-recognizer/rules, then submit again");
  }
  const std::string reason = last_line(answer.output);
  throw Error(fmt::format("the kaggle program failed: {}", reason.empty() ? "it printed nothing" : reason),
              "run it by itself, and check that Kaggle is reachable");
}

}  // namespace digitrec
