#include "exchange/mapping.h"

#include "data/numbered_name.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace digitrec {
namespace {

constexpr std::string_view kBatches = "num_batches_tracked";

/// The tensors of a layer by what follows the last dot of their names: "weight", "bias", ...
struct Layer {
  std::string name;
  std::vector<NamedTensor> tensors{};

  const NamedTensor* find(std::string_view leaf) const {
    const auto found =
        std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& tensor) { return tensor.name == leaf; });
    return found == tensors.end() ? nullptr : &*found;
  }
  std::string full_name(const NamedTensor& tensor) const {
    return name.empty() ? tensor.name : name + "." + tensor.name;
  }
};

/// In the order in which they first occur.
std::vector<Layer> layers_of(const std::vector<NamedTensor>& tensors) {
  std::vector<Layer> layers;
  for (const auto& [name, tensor] : tensors) {
    const size_t dot = name.rfind('.');
    const std::string layer = dot == std::string::npos ? "" : name.substr(0, dot);
    auto found = std::find_if(layers.begin(), layers.end(), [&](const Layer& known) { return known.name == layer; });
    if (found == layers.end()) found = layers.insert(layers.end(), Layer{layer});
    found->tensors.push_back({dot == std::string::npos ? name : name.substr(dot + 1), tensor});
  }
  return layers;
}

/// Takes off what DataParallel, torch.compile and the like put before all names; returns it.
std::string strip_prefix(std::vector<NamedTensor>& tensors) {
  constexpr std::array<std::string_view, 4> kPrefixes{"module.", "_orig_mod.", "model.", "net."};
  std::string stripped;
  for (size_t i = 0; i < kPrefixes.size();) {
    const std::string_view prefix = kPrefixes[i++];
    const bool have_all = !tensors.empty() && std::all_of(tensors.begin(), tensors.end(), [&](const auto& tensor) {
      return tensor.name.starts_with(prefix);
    });
    if (!have_all) continue;
    for (NamedTensor& tensor : tensors) tensor.name.erase(0, prefix.size());
    stripped += prefix;
    i = 0;  // they may be nested in any order
  }
  return stripped;
}

bool have_same_shape(const at::Tensor& ours, const at::Tensor& theirs) {
  return ours.sizes() == theirs.sizes() && (theirs.is_floating_point() || !ours.is_floating_point());
}

/// Whether both layers have the same tensors.
bool fits(const Layer& ours, const Layer& theirs) {
  const bool has_ours = std::all_of(ours.tensors.begin(), ours.tensors.end(), [&](const NamedTensor& tensor) {
    const NamedTensor* found = theirs.find(tensor.name);
    return found == nullptr ? tensor.name == kBatches : have_same_shape(tensor.tensor, found->tensor);
  });
  return has_ours && std::all_of(theirs.tensors.begin(), theirs.tensors.end(),
                                 [&](const NamedTensor& tensor) { return ours.find(tensor.name) != nullptr; });
}

bool has_name(const Layer& ours, const Layer& theirs) { return ours.name == theirs.name; }
bool fits_by_name(const Layer& ours, const Layer& theirs) { return has_name(ours, theirs) && fits(ours, theirs); }
/// As a layer of another width is, or one without bias; for the table alone.
bool is_of_kind(const Layer& ours, const Layer& theirs) {
  const NamedTensor* weight = ours.find("weight");
  const NamedTensor* found = theirs.find("weight");
  return weight != nullptr && found != nullptr && weight->tensor.dim() == found->tensor.dim();
}

/// For each layer of ours the one of theirs, or null.
class Pairing {
 public:
  Pairing(const std::vector<Layer>& ours, const std::vector<Layer>& theirs, bool is_in_order)
      : partners(ours.size(), nullptr), ours_(ours), theirs_(theirs), taken_(theirs.size(), false) {
    pair_by(fits_by_name);
    is_by_name = is_complete();
    if (!is_by_name && !is_in_order) find_ambiguity();
    pair_by(fits);
    pair_by(has_name);
    pair_by(is_of_kind);
  }

  std::vector<const Layer*> partners;
  std::vector<const Layer*> rest() const {
    std::vector<const Layer*> rest;
    for (size_t j = 0; j < theirs_.size(); ++j) {
      if (!taken_[j]) rest.push_back(&theirs_[j]);
    }
    return rest;
  }
  bool is_by_name = false;
  std::string ambiguity{};

 private:
  template <class Rule>
  void pair_by(const Rule& rule) {
    for (size_t i = 0; i < ours_.size(); ++i) {
      for (size_t j = 0; j < theirs_.size() && partners[i] == nullptr; ++j) {
        if (taken_[j] || !rule(ours_[i], theirs_[j])) continue;
        partners[i] = &theirs_[j];
        taken_[j] = true;
      }
    }
  }

  bool is_complete() const {
    return std::find(partners.begin(), partners.end(), nullptr) == partners.end() && rest().empty();
  }

  /// Layers of the same shapes whose names differ in more than their numbers have no order.
  void find_ambiguity() {
    for (size_t i = 0; i < ours_.size(); ++i) {
      if (partners[i] != nullptr) continue;
      const Layer* first = nullptr;
      for (const Layer* layer : rest()) {
        if (!fits(ours_[i], *layer)) continue;
        if (first == nullptr) {
          first = layer;
        } else if (take_numbers(first->name).pattern != take_numbers(layer->name).pattern) {
          ambiguity = fmt::format("{} may be {} or {}", ours_[i].name, first->name, layer->name);
          return;
        }
      }
    }
  }

  const std::vector<Layer>& ours_;
  const std::vector<Layer>& theirs_;
  std::vector<bool> taken_;
};

/// Adds the rows of one layer of ours.
void add_pairs(Mapping& mapping, const Layer& ours, const Layer* theirs, const std::string& prefix) {
  for (const NamedTensor& tensor : ours.tensors) {
    const NamedTensor* found = theirs == nullptr ? nullptr : theirs->find(tensor.name);
    const NamedTensor own{ours.full_name(tensor), tensor.tensor};
    if (found != nullptr) {
      const Fit fit = have_same_shape(tensor.tensor, found->tensor) ? Fit::fits : Fit::misshapen;
      mapping.pairs.push_back({fit, own, {prefix + theirs->full_name(*found), found->tensor}});
    } else if (tensor.name != kBatches) {
      mapping.pairs.push_back({Fit::missing, own});
    }
  }
}

void add_extra(Mapping& mapping, const Layer& theirs, const Layer* ours, const std::string& prefix) {
  for (const NamedTensor& tensor : theirs.tensors) {
    if (ours != nullptr && ours->find(tensor.name) != nullptr) continue;
    mapping.pairs.push_back({Fit::extra, {}, {prefix + theirs.full_name(tensor), tensor.tensor}});
  }
}

std::vector<NamedTensor> tensors_of(const Classifier& network) {
  std::vector<NamedTensor> tensors = network.named_parameters();
  for (const NamedTensor& buffer : network.named_buffers()) tensors.push_back(buffer);
  return tensors;
}

}  // namespace

bool Mapping::fits() const { return ambiguity.empty() && count(Fit::fits) == static_cast<int64_t>(pairs.size()); }

int64_t Mapping::count(Fit fit) const {
  return std::count_if(pairs.begin(), pairs.end(), [&](const TensorPair& pair) { return pair.fit == fit; });
}

Mapping map_tensors(const Classifier& network, std::vector<NamedTensor> tensors, bool is_in_order) {
  const std::string prefix = strip_prefix(tensors);
  const std::vector<Layer> ours = layers_of(tensors_of(network));
  std::vector<Layer> theirs = layers_of(tensors);
  if (!is_in_order) {
    const auto key = [](const Layer& layer) {
      const NumberedName name = take_numbers(layer.name);
      return std::pair(name.pattern, name.numbers);
    };
    std::stable_sort(theirs.begin(), theirs.end(), [&](const Layer& a, const Layer& b) { return key(a) < key(b); });
  }
  const Pairing pairing(ours, theirs, is_in_order);
  Mapping mapping{.is_by_name = pairing.is_by_name, .ambiguity = pairing.ambiguity};
  for (size_t i = 0; i < ours.size(); ++i) add_pairs(mapping, ours[i], pairing.partners[i], prefix);
  for (size_t i = 0; i < ours.size(); ++i) {
    if (pairing.partners[i] != nullptr) add_extra(mapping, *pairing.partners[i], &ours[i], prefix);
  }
  for (const Layer* layer : pairing.rest()) add_extra(mapping, *layer, nullptr, prefix);
  return mapping;
}

std::string describe_shape(const at::Tensor& tensor) {
  std::string text;
  for (const int64_t size : tensor.sizes()) text += fmt::format("{}{}", text.empty() ? "" : " x ", size);
  if (text.empty()) text = "one value";
  return tensor.is_floating_point() ? text : fmt::format("{}, {}", text, c10::toString(tensor.scalar_type()));
}

}  // namespace digitrec
