#include "digitrec/train/config.h"
#include "fuzz.h"

// Settings in TOML. What could be read comes out of its own file again.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const std::string_view text = fuzz::text_of(data, size);
  const std::string fixed = still_fixed_settings(text);
  if (still_fixed_settings(fixed) != fixed) std::abort();
  const auto file = fuzz::file_of(text, "f.toml");
  return fuzz::parse([&] {
    TrainConfig config;
    apply_config_file(config, file);
    TrainConfig again;
    apply_config_file(again, fuzz::file_of(to_toml(config), "again.toml"));
    if (to_toml(again) != to_toml(config)) std::abort();
  });
}
