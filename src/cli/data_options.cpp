#include "cli/data_options.h"

#include <utility>

namespace digitrec::cli {

CLI::Option* add_frame_option(CLI::App& sub, std::function<void(Framing)> set, const std::string& standard) {
  const auto keep = [set = std::move(set)](const std::string& word) {
    set(word == "none" ? Framing::none : Framing::digits);
  };
  return sub.add_option_function<std::string>("--frame", keep, "Of pictures: digits, or none for all of it")
      ->check(CLI::IsMember({"digits", "none"}).description(""))
      ->type_name(standard);
}

void add_data_options(CLI::App& sub, DataOptions& options) {
  sub.add_flag("--transpose", options.transpose, "Swap the rows and columns of images, as EMNIST needs");
  add_frame_option(sub, [&options](Framing framing) { options.framing = framing; }, "[digits]");
  sub.add_option("--class-names", options.class_names, "Text file of the classes' names, one a line")
      ->type_name("FILE");
}

}  // namespace digitrec::cli
