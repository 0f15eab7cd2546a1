#include "cli/command.h"
#include "cli/console.h"
#include "cli/data_options.h"
#include "cli/outputs.h"
#include "core/atomic_file.h"
#include "core/names.h"
#include "digitrec/core/error.h"
#include "digitrec/data/source.h"
#include "image/dataset_writer.h"

#include <spdlog/fmt/fmt.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec::cli {
namespace {

struct ConvertCommand {
  std::string in;
  std::string out;
  DataOptions options;
};

/// "-" is stdin and stdout. Several files may be written, so that no other pipe can be OUT.
void take_streams(ConvertCommand& command) {
  command.in = input_file(command.in == "/dev/stdin" ? "-" : command.in);
  command.out = output_file(command.out).string();
  if (command.out.starts_with("/dev/fd/")) {
    throw UsageError(
        fmt::format("{}: the name of OUT says the format; name a file, such as digits.csv, or - for CSV "
                    "on stdout",
                    command.out));
  }
}

int run_convert(ConvertCommand& command) {
  take_streams(command);
  std::vector<Output> outputs;
  for (const std::filesystem::path& file : dataset_files(command.out)) outputs.push_back({"OUT", file});
  require_apart(outputs, {command.in, command.options.class_names});
  const Purpose purpose = is_data_folder(command.in) ? Purpose::train : Purpose::inspect;
  const Dataset dataset = load_dataset(command.in, purpose, command.options);
  log(fmt::format("data    {}: {} rows{}", dataset.source, format_count(dataset.size()), in_brackets(dataset.reading)));
  const std::string name = lower_case(command.out);
  if (!dataset.ids.empty() && !name.ends_with(".csv") && !name.ends_with(".csv.gz") && !is_stdout(command.out))
    warn(fmt::format("{}: has no place for the ids of column {}, which are left out; a .csv keeps them", command.out,
                     dataset.id_name));
  for (const std::filesystem::path& file : write_dataset(command.out, dataset))
    say_written(file, fmt::format("{} rows", format_count(dataset.size())));
  return 0;
}

}  // namespace

Run setup_data_convert(CLI::App& data) {
  auto command = std::make_shared<ConvertCommand>();
  CLI::App* sub = data.add_subcommand("convert", "Write data in another format");
  sub->add_option("in", command->in, "Data file, or a folder with training data; - for stdin")
      ->required()
      ->type_name("IN");
  sub->add_option(
         "out", command->out,
         "A .csv, .csv.gz, .npz, .npy, NAME-images-idx3-ubyte, or a folder of PNG pictures; - for CSV on stdout")
      ->required()
      ->type_name("OUT");
  add_data_options(*sub, command->options);
  sub->add_option("--limit", command->options.max_rows, "Number of rows to write, from the first; 0: all")
      ->check(whole_number(0, 1'000'000'000))
      ->type_name("[0]");
  return [command] { return run_convert(*command); };
}

}  // namespace digitrec::cli
