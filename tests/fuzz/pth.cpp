#include "exchange/pth.h"
#include "exchange/mapping.h"
#include "exchange/pickle.h"
#include "exchange/state_dict.h"
#include "fuzz.h"

#include <ATen/ops/zeros.h>

#include <algorithm>

namespace {

using namespace digitrec;

constexpr int64_t kMaxValues = 1 << 10;

/// Reads every value that a tensor may reach.
void use(const std::vector<NamedTensor>& tensors) {
  static const auto network = build_model("mlp-128", {});
  for (const NamedTensor& tensor : tensors) static_cast<void>(tensor.tensor.to(at::kDouble).sum());
  map_tensors(*network, tensors, /*is_in_order=*/true);
}

}  // namespace

// Files of torch.save. Since an archive's checksums let little through, the bytes are also taken for its pickle alone,
// with storages of zeros.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = fuzz::file_of(fuzz::text_of(data, size), "f.pth");
  fuzz::parse([&] {
    if (is_pth(file)) use(read_pth(file));
  });
  return fuzz::parse([&] {
    const Pickle pickle(fuzz::text_of(data, size), "f", is_state_dict_global);
    use(state_dict_tensors(pickle.root(), "f", [](const Storage& storage) {
      return at::zeros({std::min(storage.count, kMaxValues)}, storage.type);
    }));
  });
}
