#include "exchange/mapping.h"

#include "support.h"

#include <algorithm>

namespace digitrec {
namespace {

/// The tensors of a preset, each with the name that `rename` gives its layer.
template <class Rename>
std::vector<NamedTensor> renamed(const Classifier& network, const Rename& rename) {
  std::vector<NamedTensor> tensors = network.named_parameters();
  for (const NamedTensor& buffer : network.named_buffers()) tensors.push_back(buffer);
  for (NamedTensor& tensor : tensors) {
    const size_t dot = tensor.name.rfind('.');
    tensor.name = rename(tensor.name.substr(0, dot)) + tensor.name.substr(dot);
  }
  return tensors;
}

/// "conv1.weight <- features.0.weight" for each pair of a mapping.
std::vector<std::string> lines_of(const Mapping& mapping) {
  std::vector<std::string> lines;
  for (const auto& [fit, ours, theirs] : mapping.pairs) lines.push_back(ours.name + " <- " + theirs.name);
  return lines;
}

std::string find_line(const Mapping& mapping, const std::string& ours) {
  const auto lines = lines_of(mapping);
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.starts_with(ours); });
  return found == lines.end() ? "" : *found;
}

TEST(Mapping, LeavesOutWhatWrappersPutBeforeNames) {
  const auto network = build_model("cnn-bn", {});
  for (const std::string prefix :
       {"", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.model.", "net."}) {
    auto tensors = renamed(*network, [&](const std::string& layer) { return prefix + layer; });
    std::reverse(tensors.begin(), tensors.end());
    const Mapping mapping = map_tensors(*network, tensors, /*is_in_order=*/true);
    EXPECT_TRUE(mapping.fits() && mapping.is_by_name) << prefix;
    EXPECT_EQ(find_line(mapping, "bn2.bias"), "bn2.bias <- " + prefix + "bn2.bias");
  }
}

TEST(Mapping, FindsLayersByTheirShapes) {
  const auto network = build_model("cnn", {});
  const std::map<std::string, std::string> sequential{
      {"conv1", "features.0"}, {"conv2", "features.3"}, {"fc1", "classifier.1"}, {"fc2", "classifier.3"}};
  auto tensors = renamed(*network, [&](const std::string& layer) { return sequential.at(layer); });
  // As safetensors has them, by name.
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const Mapping mapping = map_tensors(*network, tensors, /*is_in_order=*/false);
  EXPECT_TRUE(mapping.fits());
  EXPECT_FALSE(mapping.is_by_name);
  EXPECT_EQ(lines_of(mapping),
            (std::vector<std::string>{"conv1.weight <- features.0.weight", "conv1.bias <- features.0.bias",
                                      "conv2.weight <- features.3.weight", "conv2.bias <- features.3.bias",
                                      "fc1.weight <- classifier.1.weight", "fc1.bias <- classifier.1.bias",
                                      "fc2.weight <- classifier.3.weight", "fc2.bias <- classifier.3.bias"}));
}

TEST(Mapping, TellsEqualShapesApartByOrder) {
  const auto network = build_model("cnn-bn", {});
  // Two batch normalisations of 32 channels and two of 64; all of them after the convolutions.
  int next = 0;
  std::map<std::string, std::string> names;
  auto tensors = renamed(*network, [&](const std::string& layer) {
    const auto [found, is_new] = names.try_emplace(layer, "layers." + std::to_string(next));
    if (is_new) ++next;
    return found->second;
  });
  std::stable_partition(tensors.begin(), tensors.end(), [](const auto& tensor) { return tensor.tensor.dim() == 4; });
  Mapping mapping = map_tensors(*network, tensors, /*is_in_order=*/true);
  EXPECT_TRUE(mapping.fits());
  for (const auto& [ours, theirs] : names)
    EXPECT_EQ(find_line(mapping, ours + ".weight"), ours + ".weight <- " + theirs + ".weight");
  // By name layers.11 is before layers.2; their numbers count.
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  mapping = map_tensors(*network, tensors, /*is_in_order=*/false);
  EXPECT_TRUE(mapping.fits());
  for (const auto& [ours, theirs] : names)
    EXPECT_EQ(find_line(mapping, ours + ".weight"), ours + ".weight <- " + theirs + ".weight");
}

TEST(Mapping, RefusesToGuessAnOrder) {
  const auto network = build_model("cnn-bn", {});
  auto tensors = renamed(*network, [&](const std::string& layer) {
    if (layer == "bn1") return std::string("norm_of_input");
    return layer == "bn2" ? std::string("first_norm") : layer;
  });
  const Mapping mapping = map_tensors(*network, tensors, /*is_in_order=*/false);
  EXPECT_FALSE(mapping.fits());
  EXPECT_EQ(mapping.ambiguity, "bn1 may be first_norm or norm_of_input");
  EXPECT_TRUE(map_tensors(*network, tensors, /*is_in_order=*/true).fits());
}

TEST(Mapping, NeedsNoCountOfBatches) {
  const auto network = build_model("fast", {});
  auto tensors = renamed(*network, [](const std::string& layer) { return layer; });
  std::erase_if(tensors, [](const auto& tensor) { return tensor.name.ends_with("num_batches_tracked"); });
  const Mapping mapping = map_tensors(*network, tensors, /*is_in_order=*/true);
  EXPECT_TRUE(mapping.fits() && mapping.is_by_name);
  EXPECT_EQ(mapping.pairs.size(), tensors.size());
}

/// What is wrong, as "missing conv1.bias".
std::vector<std::string> faults(const Mapping& mapping) {
  std::vector<std::string> faults;
  for (const auto& [fit, ours, theirs] : mapping.pairs) {
    if (fit == Fit::missing) faults.push_back("missing " + ours.name);
    if (fit == Fit::misshapen)
      faults.push_back("misshapen " + ours.name + " " + describe_shape(theirs.tensor) + " " + theirs.name);
    if (fit == Fit::extra) faults.push_back("extra " + theirs.name);
  }
  return faults;
}

TEST(Mapping, SaysWhatDoesNotFit) {
  using Faults = std::vector<std::string>;
  const auto network = build_model("cnn", {});
  const auto own = [](const std::string& layer) { return layer; };
  auto tensors = renamed(*network, own);
  std::erase_if(tensors, [](const auto& tensor) { return tensor.name == "conv2.bias"; });
  EXPECT_EQ(faults(map_tensors(*network, tensors, true)), Faults{"missing conv2.bias"});

  tensors = renamed(*network, own);
  tensors.push_back({"fc2.scale", torch::ones({10})});
  tensors.push_back({"fc3.weight", torch::ones({10, 10})});
  EXPECT_EQ(faults(map_tensors(*network, tensors, true)), (Faults{"extra fc2.scale", "extra fc3.weight"}));

  tensors = renamed(*network, own);
  for (auto& [name, tensor] : tensors) {
    if (name == "fc1.weight") tensor = torch::zeros({128, 3136});
    if (name == "fc2.bias") tensor = torch::zeros({10}, torch::kInt64);
  }
  EXPECT_EQ(faults(map_tensors(*network, tensors, true)),
            (Faults{"misshapen fc1.weight 128 x 3136 fc1.weight", "misshapen fc2.bias 10, Long fc2.bias"}));

  // Without our names a layer of the same kind is shown beside the one that it does not fit.
  tensors = renamed(*build_model("cnn-dropout", {}), [](const std::string& layer) { return "m." + layer; });
  EXPECT_EQ(faults(map_tensors(*network, tensors, true)),
            (Faults{"misshapen fc1.weight 128 x 6272 m.fc1.weight", "extra m.conv3.weight", "extra m.conv3.bias"}));
}

}  // namespace
}  // namespace digitrec
