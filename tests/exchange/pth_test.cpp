#include "exchange/pth.h"

#include "digitrec/core/error.h"
#include "exchange/pickles.h"
#include "support.h"

#include <cstring>

namespace digitrec {
namespace {

using test::little_endian;
using test::pickle_of;
using test::pickled;
using test::pickled_dict;
using test::pickled_storage;
using test::pickled_tensor;
using test::TempFolder;

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A file of a storage of the values 1 to 6 and another of two.
class Pth : public testing::Test {
 protected:
  std::filesystem::path zip(const std::string& pickle, const std::string& order = "little") const {
    test::write_zip(folder_ / "w.pth", {{"w/data.pkl", pickle},
                                        {"w/byteorder", order},
                                        {"w/data/0", bytes_of({1, 2, 3, 4, 5, 6})},
                                        {"w/data/1", little_endian(7, 8) + little_endian(9, 8)},
                                        {"w/version", "3\n"}});
    return folder_ / "w.pth";
  }
  std::filesystem::path legacy(const std::string& pickle, const std::string& values) const {
    using namespace std::string_literals;
    const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";
    const std::string machine = "}(" + pickled("protocol_version") + pickled(1001) + pickled("little_endian") + "\x88u";
    const std::string keys = "](" + pickled("94") + "e";
    return folder_.write("legacy.pth",
                         magic + pickle_of(pickled(1001)) + pickle_of(machine) + pickle + pickle_of(keys) + values);
  }
  void expect_refused(const std::string& value, const std::string& what) const {
    const auto path = zip(pickle_of(value));
    EXPECT_ERROR(read_pth(path), Error,
                 path.string() + ": not a whole state_dict: " + what + "; expected what torch.save wrote");
  }

  TempFolder folder_;
  std::string matrix_ = pickled_tensor(pickled_storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1});
};

TEST_F(Pth, GivesTensorsInTheirOrder) {
  const std::string storage = pickled_storage("FloatStorage", "0", 6);
  const auto tensors = read_pth(
      zip(pickle_of(pickled_dict({{"z", matrix_},
                                  {"transposed", pickled_tensor(storage, 0, {3, 2}, {1, 3})},
                                  {"tail", pickled_tensor(storage, 4, {2}, {1})},
                                  {"scalar", pickled_tensor(storage, 5, {}, {})},
                                  {"empty", pickled_tensor(storage, 6, {0, 3}, {3, 1})},
                                  {"whole", pickled_tensor(pickled_storage("LongStorage", "1", 2), 0, {2}, {1})}}))));
  ASSERT_EQ(tensors.size(), 6);
  const at::Tensor z = torch::tensor({{1.F, 2.F, 3.F}, {4.F, 5.F, 6.F}});
  EXPECT_EQ(tensors[0].name, "z");
  EXPECT_TRUE(tensors[0].tensor.equal(z));
  EXPECT_TRUE(tensors[1].tensor.equal(z.t()));
  EXPECT_TRUE(tensors[2].tensor.equal(torch::tensor({5.F, 6.F})));
  EXPECT_EQ(tensors[3].tensor.item<float>(), 6);
  EXPECT_EQ(tensors[4].tensor.numel(), 0);
  EXPECT_TRUE(tensors[5].tensor.equal(torch::tensor({7, 9}, torch::kInt64)));
}

TEST_F(Pth, TakesParametersAndAttributes) {
  const std::string parameter = test::pickled_global("torch._utils", "_rebuild_parameter") +
                                test::pickled_tuple(std::vector<std::string>{matrix_, "\x88", pickled_dict({})}) + "R";
  const std::string metadata = "}" + pickled("_metadata") + pickled_dict({}) + "sb";
  EXPECT_EQ(read_pth(zip(pickle_of(pickled_dict({{"w", parameter}}) + metadata))).size(), 1);
}

TEST_F(Pth, FindsTheStateDictBesideAnOptimizer) {
  const std::string state = pickled_dict({{"w", matrix_}});
  const std::string optimizer = pickled_dict({{"state", "}"}, {"param_groups", "]"}});
  for (const std::string key : {"state_dict", "model_state_dict", "model", "net"}) {
    const std::string all = pickled_dict({{"epoch", pickled(3)}, {"optimizer", optimizer}, {key, state}});
    EXPECT_EQ(read_pth(zip(pickle_of(all))).front().name, "w") << key;
    EXPECT_EQ(read_pth(zip(pickle_of(pickled_dict({{"model", all}})))).front().name, "w") << key;
  }
  for (const std::string& none : {pickled(1), pickled_dict({{"optimizer", state}}), matrix_}) {
    const auto path = zip(pickle_of(none));
    EXPECT_ERROR(read_pth(path), Error,
                 path.string() +
                     ": holds no state_dict; expected tensors by their names; save them with "
                     "torch.save(model.state_dict(), FILE)");
  }
}

TEST_F(Pth, RefusesTensorsBeyondTheirValues) {
  const std::string storage = pickled_storage("FloatStorage", "0", 6);
  const auto tensor = [&](int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides) {
    return pickled_dict({{"w", pickled_tensor(storage, offset, sizes, strides)}});
  };
  const int64_t big = 0x7fffffff;
  for (const std::string& state :
       {tensor(0, {7}, {1}), tensor(1, {2, 3}, {3, 1}), tensor(0, {2}, {6}), tensor(6, {}, {}), tensor(-1, {1}, {1}),
        tensor(0, {2}, {big}), tensor(0, {big}, {0}), tensor(0, {3, 3}, {0, 1}), tensor(7, {0}, {1})})
    expect_refused(state, "'w' reaches beyond the end of its values");
  for (const std::string& state : {tensor(0, {-1}, {1}), tensor(0, {2}, {-1}), tensor(0, {2, 3}, {1}),
                                   tensor(0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1})})
    expect_refused(state, "'w' has a broken size or stride");
}

TEST_F(Pth, RefusesWhatIsNoTensor) {
  expect_refused(pickled_dict({{"w", matrix_}, {"epoch", pickled(3)}}), "'epoch' is no tensor");
  expect_refused(pickled_dict({{"w", matrix_}, {"w", matrix_}}), "'w' is no name, or stands twice");
  const std::string call = test::pickled_global("torch._utils", "_rebuild_tensor_v2");
  expect_refused(pickled_dict({{"w", call + ")R"}}), "'w' is made of other values than a tensor is");
  const auto of = [&](const std::string& storage) {
    return pickled_dict({{"w", pickled_tensor(storage, 0, {1}, {1})}});
  };
  expect_refused(of(pickled(1) + "Q"), "it has a persistent value that is no storage");
  expect_refused(of(pickled_storage("FloatStorage", "0", -1)), "storage 0 is too large");
  expect_refused(
      pickled_dict({{"w", matrix_}, {"v", pickled_tensor(pickled_storage("IntStorage", "0", 6), 0, {1}, {1})}}),
      "storage 0 has two types or sizes");
  const auto path = zip(pickle_of(of(pickled_storage("DoubleStorage", "0", 6))));
  EXPECT_ERROR(read_pth(path), Error, path.string() + ": w/data/0: has 24 bytes, its storage 48");
  zip(pickle_of(of(pickled_storage("FloatStorage", "0", 5))));
  EXPECT_ERROR(read_pth(path), Error, path.string() + ": w/data/0: has more than 20 bytes");
}

TEST_F(Pth, RefusesOtherArchives) {
  const auto path = zip(pickle_of(pickled_dict({{"w", matrix_}})), "big");
  EXPECT_ERROR(read_pth(path), Error,
               path.string() + ": a machine of another byte order wrote it; save it anew on a usual one");
  test::write_zip(path, {{"train.csv", "label\n"}});
  EXPECT_ERROR(read_pth(path), Error,
               path.string() + ": a zip archive without data.pkl; expected what torch.save wrote");
  test::write_zip(path, {{"m/data.pkl", pickle_of(")")}, {"m/constants.pkl", ""}});
  EXPECT_ERROR(read_pth(path), Error,
               path.string() +
                   ": a program of TorchScript; expected a state_dict; in Python: "
                   "torch.save(torch.jit.load('" +
                   path.string() + "').state_dict(), FILE)");
  EXPECT_FALSE(is_pth(folder_.write("x", "\x80\x02}.")));
}

TEST_F(Pth, IsDamagedWhereItsChecksumsSaySo) {
  const auto path = zip(pickle_of(pickled_dict({{"w", matrix_}})));
  std::string bytes = test::read_text(path);
  const std::string entry = "w/data/0";
  const size_t at = bytes.find(entry) + entry.size() + 10;  // its name stands before its bytes
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  folder_.write("w.pth", bytes);
  EXPECT_ERROR(read_pth(path), Error, path.string() + ": w/data/0: damaged in the file; save or fetch it again");
}

TEST_F(Pth, MayBeOfAnOldPyTorch) {
  const std::string storage = pickled_storage("FloatStorage", "94", 2, "N");
  const std::string state = pickle_of(pickled_dict({{"w", pickled_tensor(storage, 0, {2}, {1})}}));
  const std::string values = little_endian(2, 8) + bytes_of({0.5, -1});
  auto path = legacy(state, values);
  ASSERT_TRUE(is_pth(path));
  const auto tensors = read_pth(path);
  ASSERT_EQ(tensors.size(), 1);
  EXPECT_TRUE(tensors[0].tensor.equal(torch::tensor({0.5F, -1.F})));

  const std::string anew = "; in Python save it anew: torch.save(torch.load('" + path.string() +
                           "', weights_only=True), '" + path.string() + "')";
  const std::string old = path.string() + ": a file of an old PyTorch that cannot be read: ";
  legacy(state, values.substr(0, 15));
  EXPECT_ERROR(read_pth(path), Error, old + "it ends within its values (cut off?)" + anew);
  legacy(state, little_endian(3, 8) + bytes_of({1, 2, 3}));
  EXPECT_ERROR(read_pth(path), Error, old + "storage '94' has two sizes" + anew);
  const std::string view = pickled_storage("FloatStorage", "94", 2, test::pickled_tuple(std::vector<int64_t>{1}));
  legacy(pickle_of(pickled_dict({{"w", pickled_tensor(view, 0, {2}, {1})}})), values);
  EXPECT_ERROR(
      read_pth(path), Error,
      path.string() + ": not a whole state_dict: storage 94 is part of another; expected what torch.save wrote");
}

}  // namespace
}  // namespace digitrec
