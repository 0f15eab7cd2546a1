#include "checkpoint/safetensors.h"

#include "digitrec/core/error.h"
#include "support.h"
#include "support_run.h"

#include <cstring>

namespace digitrec {
namespace {

using test::TempFolder;

/// A file of this header and data.
std::string file_of(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header + data;
}

TEST(SafeTensors, AreReadBackAsTheyWere) {
  const TempFolder folder;
  SafeTensors out;
  out.tensors["a.weight"] = torch::rand({2, 3, 4, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
  out.tensors["b"] = torch::tensor({1, -2, 3}, torch::kInt64);
  out.tensors["scalar"] = torch::tensor(7, torch::kInt64);
  out.tensors["empty"] = torch::empty({0, 3});
  out.metadata = {{"format", "pt"}, {"text", "with \"quotes\" and ü"}};
  write_safetensors(folder / "f", out);
  const SafeTensors in = read_safetensors(folder / "f");
  ASSERT_EQ(in.tensors.size(), out.tensors.size());
  for (const auto& [name, tensor] : out.tensors) {
    EXPECT_TRUE(in.tensors.at(name).equal(tensor)) << name;
    EXPECT_EQ(in.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
  }
  EXPECT_EQ(in.metadata, out.metadata);
  EXPECT_EQ(folder.entries(), std::vector<std::string>{"f"});
}

TEST(SafeTensors, MayBeSavedAgainInAnotherOrder) {
  const TempFolder folder;
  SafeTensors out;
  out.tensors["a"] = torch::tensor({1.F, 2.F});
  out.tensors["b"] = torch::tensor({3.F});
  out.metadata = {{"model", "x"}};
  write_safetensors(folder / "f", out);
  const std::string bytes = test::read_text(folder / "f");
  const size_t at = bytes.find("\"checksum\":\"") + 12;
  const auto saved_again = [&](float third) {
    std::string header = R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                         R"("a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"__metadata__":{"model":"x",)" +
                         ("\"checksum\":\"" + bytes.substr(at, 8) + "\"}}");
    std::string data(12, '\0');
    for (const auto& [place, value] : {std::pair{0, third}, {4, 1.F}, {8, 2.F}})
      std::memcpy(data.data() + place, &value, sizeof value);
    return read_safetensors(folder.write("again", file_of(header, data)));
  };
  const SafeTensors in = saved_again(3);
  EXPECT_TRUE(in.has_checksum);
  EXPECT_TRUE(in.tensors.at("a").equal(out.tensors.at("a")));
  EXPECT_TRUE(in.tensors.at("b").equal(out.tensors.at("b")));
  EXPECT_NE(test::message_of([&] { saved_again(3.5); }).find("its checksum disagrees"), std::string::npos);
}

TEST(SafeTensors, NarrowedAreReadAsFloat32WithoutAChecksum) {
  const TempFolder folder;
  const auto read = [&](const std::string& type, const std::string& data) {
    return read_safetensors(folder.write("f", file_of(R"({"a":{"dtype":")" + type +
                                                          R"(","shape":[2],"data_offsets":[0,4]},)"
                                                          R"("__metadata__":{"checksum":"12345678"}})",
                                                      data)));
  };
  using namespace std::string_literals;
  for (const SafeTensors& in : {read("F16", "\x00\x3e\x00\xc0"s), read("BF16", "\xc0\x3f\x00\xc0"s)}) {
    EXPECT_FALSE(in.has_checksum);
    EXPECT_TRUE(in.metadata.empty());
    EXPECT_TRUE(in.tensors.at("a").equal(torch::tensor({1.5F, -2.F})));
  }
}

struct BadFile {
  const char* name;
  std::string bytes;
  std::string message;

  friend void PrintTo(const BadFile& c, std::ostream* out) { *out << c.name; }
};

class RefusedSafeTensors : public testing::TestWithParam<BadFile> {};

TEST_P(RefusedSafeTensors, SaysWhatIsWrong) {
  const TempFolder folder;
  const auto path = folder.write("f", GetParam().bytes);
  EXPECT_ERROR(read_safetensors(path), Error,
               path.string() + ": not a whole checkpoint: " + GetParam().message +
                   "; expected a safetensors file that digitrec or PyTorch wrote");
}

TEST(SafeTensors, NamesAFileThatWasNeverOne) {
  const TempFolder folder;
  const auto refused = [&](const std::string& bytes) {
    return test::message_of([&] { read_safetensors(folder.write("x", bytes)); });
  };
  const std::string path = (folder / "x").string();
  EXPECT_EQ(refused("label,pixel0,pixel1\n"),
            path + ": not a checkpoint; expected the folder of a run or a .safetensors file");
  EXPECT_EQ(refused("PK\3\4 and what a zip holds"),
            path + ": a zip archive; expected the folder of a run or a .safetensors file");
}

std::string one_tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, RefusedSafeTensors,
    testing::Values(
        BadFile{"Empty", "", "shorter than the 8 bytes of its header's length"},
        BadFile{"HeaderCut", file_of(std::string(50, ' '), "").substr(0, 30),
                "its header should have 50 bytes, the file has 30"},
        BadFile{"NotJson", file_of("{nonsense", ""), "its header is not a JSON object"},
        BadFile{"Array", file_of("[]", ""), "its header is not a JSON object"},
        BadFile{"Deep", file_of(std::string(100'000, '['), ""), "its header is nested too deeply"},
        BadFile{"NoDtype", file_of(R"({"x":{"shape":[1]}})", ""), "tensor 'x' lacks dtype, shape or data_offsets"},
        BadFile{"OddDtype", file_of(one_tensor("F8", "[1]", "[0,4]"), "abcd"), "tensor 'x' is of an unsupported dtype"},
        BadFile{"NegativeShape", file_of(one_tensor("F32", "[-1]", "[0,4]"), "abcd"), "tensor 'x' has a broken shape"},
        BadFile{"OverflowingShape", file_of(one_tensor("F32", "[4294967296,4294967296,4294967296]", "[0,4]"), "abcd"),
                "tensor 'x' is too large"},
        BadFile{"BeyondTheEnd", file_of(one_tensor("F32", "[2]", "[0,8]"), "abcd"),
                "tensor 'x' reaches beyond the end of the file (cut off?)"},
        BadFile{"BackwardOffsets", file_of(one_tensor("F32", "[1]", "[4,0]"), "abcd"),
                "tensor 'x' reaches beyond the end of the file (cut off?)"},
        BadFile{"ShapeDisagrees", file_of(one_tensor("F32", "[2]", "[0,4]"), "abcd"),
                "tensor 'x' has offsets that disagree with its shape"},
        BadFile{"Gap", file_of(one_tensor("F32", "[1]", "[4,8]"), "abcdefgh"),
                "tensor 'x' overlaps another or leaves a gap"},
        BadFile{
            "Overlap",
            file_of(
                R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                "abcd"),
            "tensor 'y' overlaps another or leaves a gap"},
        BadFile{"TooLong", file_of(one_tensor("F32", "[1]", "[0,4]"), "abcdefgh"),
                "the file continues after its last tensor"},
        BadFile{
            "TensorTwice",
            file_of(
                R"({"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                "abcd"),
            "its header names 'x' twice"},
        BadFile{"ShapeTwice", file_of(R"({"x":{"dtype":"U8","shape":[2],"shape":[4],"data_offsets":[0,4]}})", "abcd"),
                "its header names 'shape' twice"},
        BadFile{"MetadataTwice", file_of(R"({"__metadata__":{"a":"1","b":"2","a":"3"}})", ""),
                "its header names 'a' twice"},
        BadFile{"OddMetadata", file_of(R"({"__metadata__":{"a":1}})", ""), "its metadata 'a' is not a string"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace digitrec
