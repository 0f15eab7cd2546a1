#include "digitrec/checkpoint/checkpoint.h"
#include "checkpoint/training_state.h"
#include "fuzz.h"

// Checkpoints and their metadata; the checksum is not looked at in this build, or nothing would get past it.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace digitrec;
  const auto file = fuzz::file_of(fuzz::text_of(data, size), "f.safetensors");
  fuzz::parse([&] { load_checkpoint(file, Fallback::none); });
  fuzz::parse([&] { TrainingState(file).number("calibration.temperature"); });
  return fuzz::parse([&] { TrainingState(file).integer("run.best_epoch"); });
}
