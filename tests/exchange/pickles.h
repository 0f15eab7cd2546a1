// Writes what torch.save writes, opcode by opcode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace digitrec::test {

inline std::string little_endian(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

inline std::string pickled(std::string_view text) { return "X" + little_endian(text.size(), 4) + std::string(text); }
inline std::string pickled(int64_t value) { return "J" + little_endian(static_cast<uint64_t>(value), 4); }
inline std::string pickled_global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string pickled_tuple(const std::vector<std::string>& items) {
  std::string all = "(";
  for (const std::string& item : items) all += item;
  return all + "t";
}
inline std::string pickled_tuple(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(pickled(value));
  return pickled_tuple(items);
}

/// An OrderedDict, whose values are pickled already.
inline std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string all = pickled_global("collections", "OrderedDict") + ")R(";
  for (const auto& [key, value] : items) all += pickled(key) + value;
  return all + "u";
}

/// As since PyTorch 1.6; before, `legacy` stood at its end.
inline std::string pickled_storage(const std::string& type, const std::string& key, int64_t count,
                                   const std::string& legacy = "") {
  return pickled_tuple(std::vector<std::string>{pickled("storage"), pickled_global("torch", type), pickled(key),
                                                pickled("cuda:0"), pickled(count), legacy}) +
         "Q";
}
inline std::string pickled_tensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& sizes,
                                  const std::vector<int64_t>& strides) {
  return pickled_global("torch._utils", "_rebuild_tensor_v2") +
         pickled_tuple(std::vector<std::string>{storage, pickled(offset), pickled_tuple(sizes), pickled_tuple(strides),
                                                "\x89", pickled_dict({})}) +
         "R";
}

/// A whole pickle of that value.
inline std::string pickle_of(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace digitrec::test
