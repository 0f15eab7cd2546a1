// digitrec import: what it prints and writes, and that it leaves nothing behind where it refuses.
#include "checkpoint/contents.h"
#include "checkpoint/safetensors.h"
#include "support.h"
#include "support_run.h"

namespace digitrec {
namespace {

using test::ProgramResult;
using test::run_digitrec;
using test::TempFolder;

/// The weights of an mlp-128 of three classes and 2 x 2 pixels, as another program names them.
class ImportCommand : public testing::Test {
 protected:
  ImportCommand() {
    const auto network = build_model("mlp-128", {.classes = 3});
    for (const auto& [name, tensor] : network_state(*network))
      contents_.tensors[(name[2] == '1' ? "net.1" : "net.3") + name.substr(name.find('.'))] = tensor;
    write_safetensors(folder_ / "w.safetensors", contents_);
  }

  ProgramResult run(const std::string& arguments) const { return run_digitrec(arguments, folder_.path()); }

  void expect_refused(const std::string& arguments, int exit_code, const std::string& error) const {
    const auto before = folder_.contents();
    const ProgramResult result = run("import " + arguments);
    EXPECT_EQ(result.exit_code, exit_code) << arguments;
    EXPECT_TRUE(result.err.ends_with("digitrec: " + error + "\n")) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(folder_.contents(), before) << arguments;
  }

  TempFolder folder_;
  SafeTensors contents_;
};

TEST_F(ImportCommand, MakesACheckpoint) {
  const ProgramResult result = run("import w.safetensors --model mlp-128 --normalize 0.2,0.5 --out c.safetensors");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "c.safetensors: mlp-128, 3 classes, pixels of mean 0.2 and deviation 0.5\n");
  // Which tensor is which is told, since the names do not.
  EXPECT_NE(result.err.find("fc1.weight  net.1.weight  fits       128 x 784\n"), std::string::npos) << result.err;
  const Checkpoint network = test::load_network(folder_ / "c.safetensors");
  EXPECT_EQ(network.info.preset, "mlp-128");
  EXPECT_EQ(network.info.normalization.deviation, 0.5);
  EXPECT_TRUE(network.model->parameters().back().equal(contents_.tensors["net.3.bias"]));
  EXPECT_EQ(network.doubt, "");

  EXPECT_EQ(run("data synth --out data --train 50 --test 20").exit_code, 0);
  EXPECT_EQ(run("predict c.safetensors data/test.csv --out s.csv").exit_code, 0);
}

TEST_F(ImportCommand, SaysWhatDoesNotFit) {
  contents_.tensors["net.5.weight"] = torch::zeros({3, 3});
  contents_.tensors.erase("net.1.bias");
  write_safetensors(folder_ / "w.safetensors", contents_);
  const ProgramResult result = run("import w.safetensors --model mlp-128 --out c.safetensors");
  EXPECT_EQ(result.exit_code, 1);
  const std::string table = R"(mlp-128     in the file              shape
fc1.weight  net.1.weight  fits       128 x 784
fc1.bias                  missing    128
fc2.weight  net.3.weight  fits       3 x 128
fc2.bias    net.3.bias    fits       3
            net.5.weight  too many   3 x 3
)";
  EXPECT_EQ(result.err, table +
                            "digitrec: w.safetensors: not the tensors of mlp-128: 1 missing (fc1.bias), 1 too many "
                            "(net.5.weight); digitrec models lists the layers of each\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "c.safetensors"));
}

TEST_F(ImportCommand, IsNamedWhereAFileOfPyTorchIsNoCheckpoint) {
  test::write_zip(folder_ / "w.pth", {{"w/data.pkl", "x"}});
  const ProgramResult result = run("predict w.pth");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(
      result.err,
      "digitrec: w.pth: a file of PyTorch (torch.save), no checkpoint of digitrec's; make one of it: digitrec import "
      "w.pth --model NAME --out FILE.safetensors\n");
}

TEST_F(ImportCommand, RefusesWrongFlags) {
  const std::string import = "w.safetensors --model mlp-128 --out ";
  expect_refused(import + "c.pth", 2, "--out: c.pth: a checkpoint's name ends in .safetensors");
  expect_refused(import + "w.safetensors", 2,
                 "--out: w.safetensors is the same file as the input w.safetensors; name another");
  expect_refused(import + "c.safetensors --normalize 0.5", 2,
                 "--normalize: '0.5' is no mean and deviation; expected two numbers, such as 0.1307,0.3081");
  expect_refused(import + "c.safetensors --normalize 0.5,0", 2,
                 "--normalize: 0 is out of range; expected 1e-08 to 1000");
  expect_refused(import + "c.safetensors --normalize 0.5,x", 2,
                 "--normalize: 'x' is not a number; expected 1e-08 to 1000");
  expect_refused("w.safetensors --out c.safetensors", 2,
                 "w.safetensors: does not say of which model its weights are; name it with --model; digitrec models "
                 "lists them");
  expect_refused("no.safetensors --model cnn --out c.safetensors", 1, "no.safetensors: no such file; check the path");
}

}  // namespace
}  // namespace digitrec
