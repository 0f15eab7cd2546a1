#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// A value in a Python pickle. Objects of classes are not made: what they would be made with is kept as a call.
struct PickleValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    sequence,   ///< tuple or list: `items`
    dict,       ///< also an OrderedDict: `items` are key, value, key, value, ...
    global,     ///< `text`: "torch.FloatStorage"
    call,       ///< `text`: the global; `items`: the sequence of its arguments
    persistent  ///< lies outside of the pickle; `items`: its id
  };

  Kind kind = Kind::none;
  int64_t integer = 0;  ///< also of a boolean
  double real = 0;
  std::string text{};
  std::vector<const PickleValue*> items{};

  bool is(Kind wanted) const { return kind == wanted; }
  /// The value of a text key of a dict; null where there is none.
  const PickleValue* find(std::string_view key) const;
};

/// Reads the opcodes of Python's pickle protocol 2 (https://github.com/python/cpython/blob/main/Lib/pickletools.py)
/// that plain data and PyTorch's tensors need. Nothing is imported and nothing called. Values may contain each other in
/// circles.
class Pickle {
 public:
  /// `bytes`: a pickle, after which others may follow. `source`: the file, for messages. `is_known`: whether a pickle
  /// of the kind may name this global. Throws Error for another, which it names, for other opcodes, and for a pickle
  /// that is damaged.
  Pickle(std::string_view bytes, const std::string& source, const std::function<bool(std::string_view)>& is_known);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }
  /// All persistent values, in the order in which they are first named.
  const std::vector<const PickleValue*>& persistent() const { return persistent_; }
  /// Bytes of the pickle.
  size_t size() const { return size_; }

 private:
  class Reader;

  std::deque<PickleValue> values_;  ///< all of them; they refer to each other
  const PickleValue* root_ = nullptr;
  std::vector<const PickleValue*> persistent_;
  size_t size_ = 0;
};

}  // namespace digitrec
