// Trains a network on DATA for an epoch, if RUN does not exist yet, and prints how it labels the images of DATA.
//   label DATA RUN
#include <digitrec/core/error.h>
#include <digitrec/data/source.h>
#include <digitrec/run/run.h>

#include <filesystem>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: label DATA RUN\n";
    return 2;
  }
  const std::filesystem::path data = argv[1];
  const std::filesystem::path run = argv[2];
  try {
    if (!std::filesystem::exists(run)) {
      digitrec::TrainConfig config;
      config.model = "mlp-128";
      config.epochs = 1;
      digitrec::train(config, digitrec::load_dataset(data, digitrec::Purpose::train), run);
    }
    digitrec::Predictor predictor(digitrec::load_networks({run}));
    const digitrec::Dataset images = digitrec::load_dataset(data, digitrec::Purpose::predict);
    const at::Tensor labels = predictor.predict(images).argmax(1);
    for (int64_t i = 0; i < images.size(); ++i) std::cout << labels[i].item<int64_t>() << '\n';
  } catch (const digitrec::Error& error) {
    std::cerr << "label: " << error.what() << '\n';
    return 1;
  }
}
