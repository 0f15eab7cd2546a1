// The server as a process: what a shell, a terminal or a pipe does to it.
#include "digitrec/checkpoint/checkpoint.h"
#include "support.h"

#include <sys/wait.h>

#include <cstdlib>

namespace digitrec {
namespace {

class ServeProcess : public testing::Test {
 protected:
  void SetUp() override {
    save_checkpoint(folder_ / "m.safetensors", *build_model("mlp-128", {}), {.preset = "mlp-128"});
  }

  /// Runs a shell script in the folder; $serve starts a server there. Returns its exit code.
  int sh(const std::string& script) const {
    const std::string begin = "cd '" + folder_.path().string() +
                              "' || exit 125; serve='" DIGITREC_BINARY
                              " serve --checkpoint m.safetensors --port 0'; "
                              "comes() { for i in $(seq 200); do [ -s $1 ] && return; sleep .05; done; exit 124; }; ";
    const int status = std::system((begin + script).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  test::TempFolder folder_;
};

TEST_F(ServeProcess, EndsOrderlyWhenItsTerminalHangsUp) {
  EXPECT_EQ(sh("$serve >url 2>log & comes url; kill -HUP $!; wait $!"), 0);
}

TEST_F(ServeProcess, StaysUnderNohup) {
  EXPECT_EQ(sh("trap '' HUP; $serve >url 2>log & comes url; kill -HUP $!; sleep .5; kill -0 $! || exit 1; "
               "kill -TERM $!; wait $!"),
            0);
  // A shell lets what it runs in the background ignore Ctrl-C.
  EXPECT_EQ(sh("$serve >url2 2>log & comes url2; kill -INT $!; sleep .5; kill -0 $! || exit 1; kill -TERM $!; wait $!"),
            0);
}

TEST_F(ServeProcess, StaysWhenNobodyReadsWhatItPrints) {
  for (const char* streams : {"2>&1", "2>log"}) {
    EXPECT_EQ(sh("rm -f pid code first; ($serve " + std::string(streams) +
                 " & echo $! >pid; wait $!; echo $? >code) | head -1 >first & comes first; "
                 "kill -0 $(cat pid) || exit 1; kill -TERM $(cat pid); comes code; exit $(cat code)"),
              0)
        << streams;
  }
  // Nobody has ever read it.
  EXPECT_EQ(sh("rm -f pid code log; ($serve 2>log & echo $! >pid; wait $!; echo $? >code) | true & "
               "for i in $(seq 200); do grep -qs serving log && break; sleep .05; done; "
               "kill -TERM $(cat pid) || exit 1; comes code; exit $(cat code)"),
            0);
}

}  // namespace
}  // namespace digitrec
