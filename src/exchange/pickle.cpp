#include "exchange/pickle.h"

#include "digitrec/core/error.h"

#include <spdlog/fmt/fmt.h>

#include <bit>
#include <map>
#include <utility>

namespace digitrec {
namespace {

using Kind = PickleValue::Kind;

constexpr int kProtocol = 2;

/// The opcodes by their names in pickletools.
enum Opcode : unsigned char {
  kMark = '(',
  kStop = '.',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kEmptyDict = '}',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
};

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
  for (size_t i = 0; kind == Kind::dict && i + 1 < items.size(); i += 2) {
    if (items[i]->is(Kind::text) && items[i]->text == key) return items[i + 1];
  }
  return nullptr;
}

class Pickle::Reader {
 public:
  Reader(Pickle& pickle, std::string_view bytes, const std::string& source,
         const std::function<bool(std::string_view)>& is_known)
      : pickle_(pickle), bytes_(bytes), source_(source), is_known_(is_known) {}

  void read() {
    for (;;) {
      const auto op = static_cast<unsigned char>(take(1).front());
      if (op == kStop) break;
      if (op == kProto) {
        require_protocol();
      } else if (!read_number(op) && !read_constant(op) && !read_memo(op) && !read_items(op) && !read_object(op)) {
        fail(fmt::format("it uses opcode 0x{:02x}", op));
      }
    }
    pickle_.root_ = pop();
    pickle_.size_ = at_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(
        fmt::format("{}: not a pickle that can be read: {}; expected one that torch.save wrote", source_, what));
  }

  std::string_view take(uint64_t size) {
    if (size > bytes_.size() - at_) fail(fmt::format("it ends at byte {} (cut off?)", bytes_.size()));
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }

  /// Little-endian, of up to 8 bytes.
  uint64_t take_unsigned(size_t size) {
    const std::string_view bytes = take(size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
  }

  /// The same in two's complement.
  int64_t take_signed(size_t size) {
    if (size == 0) return 0;
    const uint64_t value = take_unsigned(size);
    const size_t unused = 64 - 8 * size;
    return static_cast<int64_t>(value << unused) >> unused;
  }

  double take_real() {
    uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
    return std::bit_cast<double>(bits);
  }

  std::string_view take_line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("a name has no end (cut off?)");
    const std::string_view line = take(end - at_);
    ++at_;
    return line;
  }

  void require_protocol() {
    const uint64_t protocol = take_unsigned(1);
    if (protocol != kProtocol) {
      throw Error(fmt::format("{}: its pickle is of protocol {}; expected {}, as torch.save writes it", source_,
                              protocol, kProtocol),
                  "save it without pickle_protocol");
    }
  }

  // ---- the stack

  PickleValue* push(PickleValue value) {
    pickle_.values_.push_back(std::move(value));
    stack_.push_back(&pickle_.values_.back());
    return stack_.back();
  }

  /// Values above the last mark alone.
  PickleValue* pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("it takes a value that it never gave");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }

  PickleValue* top() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return value;
  }

  /// All values above the last mark, which goes too.
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail("it ends a list that it never began");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> values(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return values;
  }

  std::vector<const PickleValue*> pop_last(size_t count) {
    std::vector<const PickleValue*> values(count);
    for (size_t i = count; i > 0; --i) values[i - 1] = pop();
    return values;
  }

  // ---- the opcodes

  void push_text(std::string_view text) { push({.kind = Kind::text, .text = std::string(text)}); }
  void push_integer(int64_t value) { push({.kind = Kind::integer, .integer = value}); }

  bool read_number(unsigned char op) {
    switch (op) {
      case kNewTrue:
      case kNewFalse:
        push({.kind = Kind::boolean, .integer = op == kNewTrue ? 1 : 0});
        return true;
      case kBinInt:
        push_integer(take_signed(4));
        return true;
      case kBinInt1:
        push_integer(static_cast<int64_t>(take_unsigned(1)));
        return true;
      case kBinInt2:
        push_integer(static_cast<int64_t>(take_unsigned(2)));
        return true;
      case kLong1:
        read_long();
        return true;
      case kBinFloat:
        push({.kind = Kind::real, .real = take_real()});
        return true;
      default:
        return false;
    }
  }

  bool read_constant(unsigned char op) {
    switch (op) {
      case kNone:
        push({});
        return true;
      case kShortBinString:
        push_text(take(take_unsigned(1)));
        return true;
      case kBinString:
      case kBinUnicode:
        push_text(take(take_unsigned(4)));
        return true;
      case kEmptyList:
      case kEmptyTuple:
        push({.kind = Kind::sequence});
        return true;
      case kEmptyDict:
        push({.kind = Kind::dict});
        return true;
      case kGlobal:
        read_global();
        return true;
      default:
        return false;
    }
  }

  void read_long() {
    const uint64_t size = take_unsigned(1);
    if (size > sizeof(int64_t)) fail("it has a number of more than 64 bits");
    push_integer(take_signed(size));
  }

  void read_global() {
    const std::string module(take_line());
    const std::string name = module + "." + std::string(take_line());
    if (!is_known_(name)) {
      throw Error(
          fmt::format("{}: its pickle asks for '{}', which is never called; expected tensors alone", source_, name),
          "save them with torch.save(model.state_dict(), FILE)");
    }
    push({.kind = Kind::global, .text = name});
  }

  bool read_memo(unsigned char op) {
    switch (op) {
      case kBinPut:
        memo_[take_unsigned(1)] = top();
        return true;
      case kLongBinPut:
        memo_[take_unsigned(4)] = top();
        return true;
      case kBinGet:
        recall(take_unsigned(1));
        return true;
      case kLongBinGet:
        recall(take_unsigned(4));
        return true;
      default:
        return false;
    }
  }

  void recall(uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail(fmt::format("it recalls value {}, which it never kept", key));
    stack_.push_back(found->second);
  }

  bool read_items(unsigned char op) {
    switch (op) {
      case kMark:
        marks_.push_back(stack_.size());
        return true;
      case kTuple:
        push({.kind = Kind::sequence, .items = pop_to_mark()});
        return true;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        push({.kind = Kind::sequence, .items = pop_last(op - kTuple1 + size_t{1})});
        return true;
      case kAppend:
        add(Kind::sequence, pop_last(1));
        return true;
      case kAppends:
        add(Kind::sequence, pop_to_mark());
        return true;
      case kSetItem:
        add(Kind::dict, pop_last(2));
        return true;
      case kSetItems:
        add(Kind::dict, pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  bool read_object(unsigned char op) {
    switch (op) {
      case kReduce:
        reduce();
        return true;
      case kBuild:  // attributes, such as a state_dict's _metadata
        pop();
        top();
        return true;
      case kBinPersId:
        pickle_.persistent_.push_back(push({.kind = Kind::persistent, .items = pop_last(1)}));
        return true;
      default:
        return false;
    }
  }

  void add(Kind kind, const std::vector<const PickleValue*>& items) {
    PickleValue* to = top();
    if (!to->is(kind) || (kind == Kind::dict && items.size() % 2 != 0)) fail("it adds items to what takes none");
    to->items.insert(to->items.end(), items.begin(), items.end());
  }

  void reduce() {
    const PickleValue* arguments = pop();
    const PickleValue* function = pop();
    if (!function->is(Kind::global) || !arguments->is(Kind::sequence)) fail("it calls what is no function");
    if (function->text != "collections.OrderedDict") {
      push({.kind = Kind::call, .text = function->text, .items = {arguments}});  // not a copy: others may share them
      return;
    }
    if (!arguments->items.empty()) fail("it makes an OrderedDict of other values");
    push({.kind = Kind::dict});
  }

  Pickle& pickle_;
  std::string_view bytes_;
  const std::string& source_;
  const std::function<bool(std::string_view)>& is_known_;
  size_t at_ = 0;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  ///< how high the stack was at each
  std::map<uint64_t, PickleValue*> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& source,
               const std::function<bool(std::string_view)>& is_known) {
  Reader(*this, bytes, source, is_known).read();
}

}  // namespace digitrec
