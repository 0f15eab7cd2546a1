#include "cli/command.h"
#include "cli/console.h"
#include "cli/inference_options.h"
#include "digitrec/core/error.h"
#include "serve/server.h"

#include <ATen/Parallel.h>

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <memory>

namespace digitrec::cli {
namespace {

struct ServeCommand {
  InferenceOptions inference;
  ServeOptions serve;
  std::string corrections = serve.corrections.string();
};

/// Blocks the signals that end the server, in this thread and those started after it; sigwait takes them. Ignored
/// ones are left alone.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(signal)) sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Where the page is, on stdout. Whoever reads that may leave, as `| head -1` does: the server is there for others.
void print_address(const ServeOptions& options, uint16_t port) {
  const bool is_v6 = options.address.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + options.address + "]" : options.address;
  std::cout << fmt::format("http://{}:{}/\n", host, port) << std::flush;
  if (!std::cout && errno == EPIPE) std::cout.clear();
}

void warn_of_lost_corrections(const Server& server, const ServeOptions& options) {
  for (size_t i = 0; i < options.models.size(); ++i) {
    if (server.keeps_corrections(i)) continue;
    const std::string& name = options.models[i].string();
    warn(server.keeps_corrections(0)
             ? fmt::format("{}: its classes are not those of {}, whose corrections {} holds; it keeps none (serve it "
                           "alone)",
                           name, options.models.front().string(), options.corrections.string())
             : fmt::format("{}: a CSV file cannot tell its classes apart; it keeps no corrections", name));
  }
}

int run_serve(ServeCommand& command) {
  std::vector<std::string>& runs = command.inference.checkpoints;
  runs.insert(runs.end(), command.inference.words.begin(), command.inference.words.end());
  require_run(command.inference, "serve");
  const sigset_t signals = block_signals();
  std::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more must not end the server
  ServeOptions& options = command.serve;
  options.models.assign(runs.begin(), runs.end());
  options.corrections = command.corrections;
  options.inference = predictor_options(command.inference);
  options.inference.on_progress = nullptr;
  // Several pictures at once, each on one thread, keep every core busy.
  options.workers = options.inference.device.is_cpu() ? at::get_num_threads() : 1;
  at::set_num_threads(1);

  auto server = std::make_unique<Server>(options);
  for (const Predictor& model : server->models()) report_networks(model);
  recommend_robust(server->models().front());
  warn_of_missing_networks(options.models);
  warn_of_lost_corrections(*server, options);
  print_address(options, server->port());
  log("serving; Ctrl-C stops it");
  int received = 0;
  sigwait(&signals, &received);
  log("answering open requests; Ctrl-C again stops at once");
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  server.reset();
  return 0;
}

}  // namespace

Run setup_serve(CLI::App& app) {
  auto command = std::make_shared<ServeCommand>();
  CLI::App* sub = app.add_subcommand("serve", "Serve a page to draw digits on, and the API behind it");
  add_inference_options(*sub, command->inference, "...",
                        "Run folder or checkpoint; the page offers a choice of several");
  sub->add_option("--address", command->serve.address, "Address to listen on; 0.0.0.0 or :: lets others in")
      ->type_name("[127.0.0.1]");
  sub->add_option("--port", command->serve.port, "Port to listen on; 0: any free port")
      ->check(whole_number(0, 65535))
      ->type_name("[7860]");
  sub->add_option("--root-path", command->serve.root_path, "Path under which a proxy shows the page")
      ->type_name("/PATH");
  sub->add_option("--corrections", command->corrections, "CSV file for drawings that were misread")
      ->type_name("[" + command->corrections + "]");
  sub->add_option("--allow-host", command->serve.hosts, "Name of this machine that browsers may use")
      ->type_name("NAME");
  sub->add_option("--allow-origin", command->serve.origins, "Other site whose pages may send requests (CORS)")
      ->type_name("URL");
  return [command] { return run_serve(*command); };
}

}  // namespace digitrec::cli
