#include "exchange/state_dict.h"

#include "digitrec/core/error.h"

#include <ATen/ops/as_strided.h>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace digitrec {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildOldTensor = "torch._utils._rebuild_tensor";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr int64_t kMaxBytes = int64_t{4} << 30;
constexpr size_t kMaxDimensions = 8;

struct StorageType {
  std::string_view name;
  at::ScalarType type;
};
constexpr std::array<StorageType, 10> kStorageTypes{{{"torch.FloatStorage", at::kFloat},
                                                     {"torch.DoubleStorage", at::kDouble},
                                                     {"torch.HalfStorage", at::kHalf},
                                                     {"torch.BFloat16Storage", at::kBFloat16},
                                                     {"torch.LongStorage", at::kLong},
                                                     {"torch.IntStorage", at::kInt},
                                                     {"torch.ShortStorage", at::kShort},
                                                     {"torch.CharStorage", at::kChar},
                                                     {"torch.ByteStorage", at::kByte},
                                                     {"torch.BoolStorage", at::kBool}}};

const StorageType* find_storage_type(std::string_view name) {
  const auto* const found = std::find_if(kStorageTypes.begin(), kStorageTypes.end(),
                                         [&](const StorageType& type) { return type.name == name; });
  return found == kStorageTypes.end() ? nullptr : found;
}

[[noreturn]] void fail(const std::string& source, const std::string& what) {
  throw Error(fmt::format("{}: not a whole state_dict: {}; expected what torch.save wrote", source, what));
}

/// A tensor's call, taken out of that of a parameter; null for what is none.
const PickleValue* tensor_call(const PickleValue* value) {
  if (value->is(Kind::call) && value->text == kRebuildParameter) {
    const auto& arguments = value->items.front()->items;
    if (arguments.empty()) return nullptr;
    value = arguments.front();
  }
  return value->is(Kind::call) && (value->text == kRebuildTensor || value->text == kRebuildOldTensor) ? value : nullptr;
}

bool has_tensor(const PickleValue& dict) {
  for (size_t i = 1; dict.is(Kind::dict) && i < dict.items.size(); i += 2) {
    if (tensor_call(dict.items[i]) != nullptr) return true;
  }
  return false;
}

/// What training programs save it under, with the epoch, the optimizer and the like beside it.
const PickleValue* find_state_dict(const PickleValue& root, int depth = 0) {
  constexpr std::array<std::string_view, 7> kKeys{"state_dict",  "model_state_dict", "model",  "net",
                                                  "model_state", "weights",          "network"};
  constexpr int kMaxDepth = 3;
  if (has_tensor(root)) return &root;
  for (const std::string_view key : kKeys) {
    const PickleValue* value = depth < kMaxDepth ? root.find(key) : nullptr;
    if (value == nullptr) continue;
    if (const PickleValue* found = find_state_dict(*value, depth + 1)) return found;
  }
  return nullptr;
}

std::vector<int64_t> integers(const PickleValue& value, const std::string& source, const std::string& name) {
  std::vector<int64_t> numbers;
  for (const PickleValue* item : value.items) {
    if (!item->is(Kind::integer) || item->integer < 0 || numbers.size() >= kMaxDimensions)
      fail(source, fmt::format("'{}' has a broken size or stride", name));
    numbers.push_back(item->integer);
  }
  return numbers;
}

class Builder {
 public:
  Builder(const std::string& source, const std::function<at::Tensor(const Storage&)>& read)
      : source_(source), read_(read) {}

  at::Tensor build(const std::string& name, const PickleValue& call) {
    const auto& arguments = call.items.front()->items;
    const size_t least = call.text == kRebuildTensor ? 6 : 4;
    if (arguments.size() < least || !arguments[0]->is(Kind::persistent) || !arguments[1]->is(Kind::integer) ||
        !arguments[2]->is(Kind::sequence) || !arguments[3]->is(Kind::sequence))
      fail(source_, fmt::format("'{}' is made of other values than a tensor is", name));
    const at::Tensor values = storage(storage_of(*arguments[0], source_));
    const int64_t offset = arguments[1]->integer;
    const std::vector<int64_t> sizes = integers(*arguments[2], source_, name);
    const std::vector<int64_t> strides = integers(*arguments[3], source_, name);
    if (sizes.size() != strides.size()) fail(source_, fmt::format("'{}' has a broken size or stride", name));
    require_within(name, values.numel(), offset, sizes, strides);
    return at::as_strided(values, sizes, strides, offset);
  }

 private:
  at::Tensor storage(const Storage& storage) {
    const auto found = storages_.find(storage.key);
    if (found == storages_.end()) return storages_[storage.key] = read_(storage);
    if (found->second.scalar_type() != storage.type || found->second.numel() != storage.count)
      fail(source_, fmt::format("storage {} has two types or sizes", storage.key));
    return found->second;
  }

  /// Neither beyond the storage's end nor, by strides of 0, more values than it has. None of these numbers is negative
  /// but maybe `offset`; none that passes is above `count`, so that no product of two overflows.
  void require_within(const std::string& name, int64_t count, int64_t offset, const std::vector<int64_t>& sizes,
                      const std::vector<int64_t>& strides) const {
    const auto refuse = [&] { fail(source_, fmt::format("'{}' reaches beyond the end of its values", name)); };
    if (offset < 0 || offset > count) refuse();
    if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) {
      if (std::any_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size > kMaxBytes; })) refuse();
      return;
    }
    int64_t last = offset;
    int64_t values = 1;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] > count || (sizes[i] > 1 && strides[i] > count)) refuse();
      values *= sizes[i];
      if (sizes[i] > 1) last += (sizes[i] - 1) * strides[i];
      if (values > count || last >= count) refuse();
    }
    if (last >= count) refuse();
  }

  const std::string& source_;
  const std::function<at::Tensor(const Storage&)>& read_;
  std::map<std::string, at::Tensor> storages_;
};

}  // namespace

bool is_state_dict_global(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames{"collections.OrderedDict", kRebuildTensor, kRebuildOldTensor,
                                                   kRebuildParameter};
  return find_storage_type(name) != nullptr || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

Storage storage_of(const PickleValue& persistent, const std::string& source) {
  constexpr size_t kParts = 5;  // "storage", type, key, device, values
  const auto& id = persistent.items.front()->items;
  const bool is_whole = id.size() >= kParts && id[0]->is(Kind::text) && id[0]->text == "storage" &&
                        id[1]->is(Kind::global) && id[2]->is(Kind::text) && id[4]->is(Kind::integer);
  const StorageType* type = is_whole ? find_storage_type(id[1]->text) : nullptr;
  if (type == nullptr) fail(source, "it has a persistent value that is no storage");
  const bool is_view = id.size() > kParts && !id[kParts]->is(Kind::none);  // by versions before 0.4 alone
  if (is_view) fail(source, fmt::format("storage {} is part of another", id[2]->text));
  const int64_t count = id[4]->integer;
  const auto size = static_cast<int64_t>(c10::elementSize(type->type));
  if (count < 0 || count > kMaxBytes / size) fail(source, fmt::format("storage {} is too large", id[2]->text));
  return {.key = id[2]->text, .type = type->type, .count = count};
}

std::vector<NamedTensor> state_dict_tensors(const PickleValue& root, const std::string& source,
                                            const std::function<at::Tensor(const Storage&)>& read) {
  const PickleValue* dict = find_state_dict(root);
  if (dict == nullptr) {
    throw Error(fmt::format("{}: holds no state_dict; expected tensors by their names", source),
                "save them with torch.save(model.state_dict(), FILE)");
  }
  Builder builder(source, read);
  std::vector<NamedTensor> tensors;
  std::set<std::string> names;
  for (size_t i = 0; i + 1 < dict->items.size(); i += 2) {
    const std::string name = dict->items[i]->text;
    const PickleValue* call = tensor_call(dict->items[i + 1]);
    if (!dict->items[i]->is(Kind::text) || !names.insert(name).second)
      fail(source, fmt::format("'{}' is no name, or stands twice", name));
    if (call == nullptr) fail(source, fmt::format("'{}' is no tensor", name));
    tensors.push_back({name, builder.build(name, *call)});
  }
  return tensors;
}

}  // namespace digitrec
