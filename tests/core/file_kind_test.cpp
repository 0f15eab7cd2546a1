#include "core/file_kind.h"

#include <gtest/gtest.h>

#include <string>

namespace digitrec {
namespace {

TEST(FileKind, NamesWhatPeopleHandOver) {
  using namespace std::string_literals;
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  EXPECT_EQ(file_kind("version https://git-lfs.github.com/spec/v1\n").name, "a git-lfs pointer, not the file itself");
  EXPECT_EQ(file_kind("\n<!DOCTYPE HTML><html>").name, "an HTML page");
  EXPECT_EQ(file_kind("PK\3\4 archive/data.pkl"s).name, "a file of PyTorch (torch.save)");
  EXPECT_EQ(file_kind("PK\3\4 train.csv"s).name, "a zip archive");
  EXPECT_EQ(file_kind("\x08\x07\x12\x07pytorch: onnx"s).name, "an ONNX model");
  EXPECT_EQ(file_kind("RIFF1234WEBPVP8 ").name, "a WebP picture");
  EXPECT_EQ(file_kind("%PDF-1.7").name, "a PDF");
  EXPECT_EQ(file_kind(tar).name, "a tar archive");
  EXPECT_EQ(file_kind("<?xml version=\"1.0\"?><svg>").name, "an SVG drawing");
}

TEST(FileKind, LeavesCsvAlone) {
  EXPECT_EQ(file_kind("label,pixel0,pixel1\n5,0,0\n").name, "");
  EXPECT_EQ(file_kind("BMI,weight\n").name, "");
  EXPECT_EQ(file_kind("").name, "");
}

}  // namespace
}  // namespace digitrec
