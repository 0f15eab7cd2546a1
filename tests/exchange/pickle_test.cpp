#include "exchange/pickle.h"

#include "digitrec/core/error.h"
#include "exchange/pickles.h"
#include "support.h"

namespace digitrec {
namespace {

using Kind = PickleValue::Kind;
using test::pickle_of;
using test::pickled;

bool is_known(std::string_view name) { return name == "collections.OrderedDict" || name == "m.f"; }

TEST(Pickle, HoldsPlainValues) {
  // pickle.dumps({'a': [1, -2, 300, 70000, 1.5, None, True, False, 'x', (1, 2)]}, protocol=2)
  using namespace std::string_literals;
  const std::string bytes =
      "\x80\x02}q\x00X\x01\x00\x00\x00"s
      "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffM,\x01Jp\x11\x01\x00G?\xf8\x00\x00\x00\x00\x00\x00N\x88\x89"s
      "X\x01\x00\x00\x00xq\x03K\x01K\x02\x86q\x04"s
      "es."s;
  const Pickle pickle(bytes + "more", "F", is_known);
  EXPECT_EQ(pickle.size(), bytes.size());
  const PickleValue* list = pickle.root().find("a");
  ASSERT_NE(list, nullptr);
  ASSERT_TRUE(list->is(Kind::sequence));
  std::vector<int64_t> integers;
  for (size_t i = 0; i < 4; ++i) integers.push_back(list->items[i]->integer);
  EXPECT_EQ(integers, (std::vector<int64_t>{1, -2, 300, 70000}));
  EXPECT_EQ(list->items[4]->real, 1.5);
  EXPECT_TRUE(list->items[5]->is(Kind::none));
  EXPECT_EQ(list->items[6]->integer, 1);
  EXPECT_EQ(list->items[7]->integer, 0);
  EXPECT_EQ(list->items[8]->text, "x");
  EXPECT_EQ(list->items[9]->items[1]->integer, 2);
  EXPECT_EQ(pickle.root().find("b"), nullptr);
}

TEST(Pickle, ReadsLongNumbers) {
  const auto number = [](const std::string& bytes) { return Pickle(pickle_of(bytes), "F", is_known).root().integer; };
  EXPECT_EQ(number(std::string("\x8a\x00", 2)), 0);
  EXPECT_EQ(number("\x8a\x02\xff\x7f"), 32767);
  EXPECT_EQ(number("\x8a\x01\xff"), -1);
  EXPECT_EQ(number(std::string("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80", 10)), std::numeric_limits<int64_t>::min());
}

TEST(Pickle, KeepsCallsWithoutMakingThem) {
  const std::string bytes = pickle_of(test::pickled_global("m", "f") + pickled(7) + "\x85q\x01Rh\x01\x86");
  const Pickle pickle(bytes, "F", is_known);
  const auto& [call, arguments] = std::pair(pickle.root().items[0], pickle.root().items[1]);
  EXPECT_TRUE(call->is(Kind::call));
  EXPECT_EQ(call->text, "m.f");
  EXPECT_EQ(call->items.front(), arguments);
}

TEST(Pickle, NamesWhatItWouldCall) {
  for (const auto& [module, name] : {std::pair{"os", "system"}, {"builtins", "eval"}, {"__main__", "Net"}}) {
    const std::string bytes = pickle_of(test::pickled_global(module, name) + pickled("touch x") + "\x85R");
    EXPECT_ERROR(Pickle(bytes, "F", is_known), Error,
                 std::string("F: its pickle asks for '") + module + "." + name +
                     "', which is never called; expected tensors alone; save them with torch.save(model.state_dict(), "
                     "FILE)");
  }
}

TEST(Pickle, RefusesWhatIsDamaged) {
  using namespace std::string_literals;
  const auto expect_refused = [](const std::string& bytes, const std::string& what) {
    EXPECT_ERROR(Pickle(bytes, "F", is_known), Error,
                 "F: not a pickle that can be read: " + what + "; expected one that torch.save wrote");
  };
  expect_refused("", "it ends at byte 0 (cut off?)");
  expect_refused("\x80\x02K", "it ends at byte 3 (cut off?)");
  expect_refused("\x80\x02X\xff\xff\xff\x7f" + std::string("abc"), "it ends at byte 10 (cut off?)");
  EXPECT_ERROR(Pickle("\x80\x04\x95", "F", is_known), Error,
               "F: its pickle is of protocol 4; expected 2, as torch.save writes it; save it without pickle_protocol");
  expect_refused("\x80\x02\x81", "it uses opcode 0x81");
  expect_refused("\x80\x02.", "it takes a value that it never gave");
  expect_refused("\x80\x02K\x01(\x85.", "it takes a value that it never gave");  // not from below the mark
  expect_refused("\x80\x02t.", "it ends a list that it never began");
  expect_refused("\x80\x02h\x07.", "it recalls value 7, which it never kept");
  expect_refused(
      "\x80\x02K\x01K\x02"
      "a.",
      "it adds items to what takes none");
  expect_refused("\x80\x02}(K\x01u.", "it adds items to what takes none");
  expect_refused("\x80\x02K\x01)R.", "it calls what is no function");
  expect_refused(
      "\x80\x02"
      "cm\nf",
      "a name has no end (cut off?)");
  expect_refused(
      "\x80\x02\x8a\x09"
      "123456789.",
      "it has a number of more than 64 bits");
  expect_refused(
      "\x80\x02"
      "ccollections\nOrderedDict\n]\x85R.",
      "it makes an OrderedDict of other values");
}

TEST(Pickle, MayBeACircle) {
  const Pickle pickle(pickle_of("]q\x01h\x01"
                                "a"),
                      "F", is_known);
  EXPECT_EQ(pickle.root().items.front(), &pickle.root());
}

}  // namespace
}  // namespace digitrec
