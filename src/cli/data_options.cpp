#include "cli/data_options.h"

#include <utility>

namespace digitrec::cli {

CLI::Option* add_frame_option(CLI::App& sub, std::function<void(Framing)> set, const std::string& standard) {
  const auto keep = [set = std::move(set)](const std::string& word) {
    set(word == "none" ? Framing::none : Framing::digits);
  };
  return sub
      .add_option_function<std::string>("--frame", keep,
                                        "What is read of pictures: digits, cut out as MNIST's, or none, all of them")
      ->check(CLI::IsMember({"digits", "none"}))
      ->type_name(standard);
}

void add_data_options(CLI::App& sub, DataOptions& options) {
  sub.add_flag("--transpose", options.transpose, "Swap rows and columns of the images: EMNIST's lie on their side");
  add_frame_option(sub, [&options](Framing framing) { options.framing = framing; }, "[digits]");
  sub.add_option("--class-names", options.class_names, "Text file of the classes' names, one a line")
      ->type_name("FILE");
}

}  // namespace digitrec::cli
