#pragma once

#include "digitrec/model/classifier.h"
#include "exchange/pickle.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// A row of values that tensors lie in.
struct Storage {
  std::string key;
  at::ScalarType type = at::kFloat;
  int64_t count = 0;  ///< values
};

/// Whether a file of torch.save may name the global: what a state_dict of plain tensors is made of.
bool is_state_dict_global(std::string_view name);

/// The storage that a persistent value of such a file names. Throws Error when it is none.
Storage storage_of(const PickleValue& persistent, const std::string& source);

/// The tensors of the state_dict that `root` is or holds under one of the usual names, beside an optimizer's or not, in
/// its order. `read` gives the values of a storage, [count]; it is called once for each that is needed. Every size,
/// stride and offset is checked against it. `source`: the file, for messages. Throws Error.
std::vector<NamedTensor> state_dict_tensors(const PickleValue& root, const std::string& source,
                                            const std::function<at::Tensor(const Storage&)>& read);

}  // namespace digitrec
