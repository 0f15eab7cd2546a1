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
  EXPECT_EQ(file_kind("\x08\x07\x12\x07pytorch\x1a\x05"
                      "2.1.0"s)
                .name,
            "an ONNX model");
  EXPECT_EQ(file_kind("PK\3\4 metadata.json PK\3\4 config.json"s).name, "a Keras model");
  EXPECT_EQ(file_kind("PK\3\4 [Content_Types].xml PK\3\4 word/document.xml"s).name, "a Word document");
  EXPECT_EQ(file_kind("PK\3\4 [Content_Types].xml PK\3\4 xl/workbook.xml"s).name, "an Excel workbook (.xlsx)");
  EXPECT_EQ(file_kind("PK\3\4 [Content_Types].xml PK\3\4 xl/workbook.xml"s).hint, "save the table as CSV");
  EXPECT_EQ(file_kind("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").name, "an old Office file (.xls, .doc)");
  EXPECT_EQ(file_kind("MZ\x90\0"s).name, "a Windows program");
  EXPECT_EQ(file_kind("\0\0\0\x18"
                      "ftypmp42"s)
                .name,
            "an MP4 video");
  EXPECT_EQ(file_kind("\0\0\0\x18"
                      "ftypheic"s)
                .name,
            "a HEIC picture");
  EXPECT_EQ(file_kind("RIFF1234WEBPVP8 ").name, "a WebP picture");
  EXPECT_EQ(file_kind("%PDF-1.7").name, "a PDF");
  EXPECT_EQ(file_kind(tar).name, "a tar archive");
  EXPECT_EQ(file_kind("<?xml version=\"1.0\"?><svg>").name, "an SVG drawing");
}

TEST(FileKind, LeavesCsvAlone) {
  EXPECT_EQ(file_kind("label,pixel0,pixel1\n5,0,0\n").name, "");
  EXPECT_EQ(file_kind("BMI,weight\n").name, "");
  EXPECT_EQ(file_kind("MZ,ONNX\n").name, "");
  EXPECT_EQ(file_kind("").name, "");
}

}  // namespace
}  // namespace digitrec
