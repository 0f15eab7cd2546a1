#include "serve/request_body.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace digitrec::serve {
namespace {

using Json = nlohmann::json;

std::vector<uint8_t> pixels_of(const Json& image) {
  return read_request_body(Json{{"pixels", image}}.dump(), 9).images.at(0);
}

std::string refusal_of(const std::string& text) {
  try {
    read_request_body(text, 9);
  } catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, 422) << text;
    return refusal.message;
  }
  return "none";
}
std::string refusal_of_image(const Json& image) { return refusal_of(Json{{"pixels", image}}.dump()); }

TEST(RequestBody, FractionsUpTo1AreSharesOf255) {
  EXPECT_EQ(pixels_of({0, 0.5, 1, 0.25, 0.001, 0.002, 1.0, 0, 0}),
            (std::vector<uint8_t>{0, 128, 255, 64, 0, 1, 255, 0, 0}));
  EXPECT_EQ(pixels_of({0, 1, 1.0, 0, 0, 0, 0, 0, 0}), (std::vector<uint8_t>{0, 255, 255, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(pixels_of({0, 255.0, 7, 0, 0, 0, 0, 0, 0}), (std::vector<uint8_t>{0, 255, 7, 0, 0, 0, 0, 0, 0}));
  // Each image by itself.
  const Json list{{"images", {{0, 0.5, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 2, 0, 0, 0, 0, 0, 0}}}};
  const RequestBody body = read_request_body(list.dump(), 9);
  EXPECT_EQ(body.images.at(0).at(1), 128);
  EXPECT_EQ(body.images.at(1).at(1), 1);
}

TEST(RequestBody, FractionsUpTo255AreRounded) {
  EXPECT_EQ(pixels_of({0, 0.4, 252.45, 0.5, 7, 0, 0, 0, 0}), (std::vector<uint8_t>{0, 0, 252, 1, 7, 0, 0, 0, 0}));
}

TEST(RequestBody, WhatArithmeticLeavesBeyondTheEndsIsCutOff) {
  EXPECT_EQ(pixels_of({0, 0.5, 1.0000001, -1e-9, 0, 0, 0, 0, 0}),
            (std::vector<uint8_t>{0, 128, 255, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(pixels_of({0, 255.00001, 7, 0, 0, 0, 0, 0, 0}), (std::vector<uint8_t>{0, 255, 7, 0, 0, 0, 0, 0, 0}));
}

TEST(RequestBody, TrueAndFalseAreInkAndPaper) {
  EXPECT_EQ(pixels_of({true, false, false, true, false, false, false, false, true}),
            (std::vector<uint8_t>{255, 0, 0, 255, 0, 0, 0, 0, 255}));
  EXPECT_EQ(refusal_of(R"({"pixels":true})"), "an image is not an array of 9 pixels, or of 3 rows of 3");
}

TEST(RequestBody, APixelMayBeAListOfItsOneChannel) {
  const std::vector<uint8_t> expected{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Json one = Json::parse("[[[1],[2],[3]],[[4],[5],[6]],[[7],[8],[9]]]");
  EXPECT_EQ(pixels_of(one), expected);
  const RequestBody body = read_request_body(Json{{"images", {one, expected}}}.dump(), 9);
  EXPECT_EQ(body.images, (std::vector<std::vector<uint8_t>>(2, expected)));
  const std::string refused = "an image is not an array of 9 pixels, or of 3 rows of 3";
  EXPECT_EQ(refusal_of(R"({"pixels":[[[1,2],[2],[3]],[[4],[5],[6]],[[7],[8],[9]]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[[],[2],[3]],[[4],[5],[6]],[[7],[8],[9]]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[[1],2,[3]],[[4],[5],[6]],[[7],[8],[9]]]})"), refused);
}

TEST(RequestBody, AnImageMayBeATensorWithABatchOrChannelOfOne) {
  const std::vector<uint8_t> expected{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Json rows{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  for (const Json& image : {Json::array({expected}), Json::array({rows}), Json::array({Json::array({rows})}),
                            Json::array({Json::parse("[[[1],[2],[3]],[[4],[5],[6]],[[7],[8],[9]]]")})}) {
    EXPECT_EQ(pixels_of(image), expected) << image.dump();
    EXPECT_EQ(read_request_body(Json{{"images", {image, image}}}.dump(), 9).images.size(), 2u) << image.dump();
  }
  EXPECT_EQ(refusal_of_image(Json::array({rows, rows})),
            "an image is not an array of 9 pixels, or of 3 rows of 3");  // two images under "pixels"
}

TEST(RequestBody, SaysWhatRangeItFound) {
  EXPECT_EQ(refusal_of_image({0, 0.5, 1.5, 0, 0, 0, 0, 0, 0}),
            "pixels run from 0 to 1.5, some of them fractions; expected 0 to 255, or 0 to 1");
  EXPECT_EQ(refusal_of_image({0, -0.5, 1, 0, 0, 0, 0, 0, 0}),
            "pixels run from -0.5 to 1; expected 0 to 255, or 0 to 1: send them before they are normalised");
  EXPECT_EQ(refusal_of_image({0, -0.42, 2.8, 0, 0, 0, 0, 0, 0}),
            "pixels run from -0.42 to 2.8; expected 0 to 255, or 0 to 1: send them before they are normalised");
  EXPECT_EQ(refusal_of_image({0, 256, 1, 0, 0, 0, 0, 0, 0}), "pixels run from 0 to 256; expected 0 to 255, or 0 to 1");
  EXPECT_EQ(refusal_of_image({0, 1e300, 1, 0, 0, 0, 0, 0, 0}),
            "pixels run from 0 to 1e+300; expected 0 to 255, or 0 to 1");
  EXPECT_EQ(refusal_of_image({0, "1", 1, 0, 0, 0, 0, 0, 0}), "pixel 1 is not a number");
}

TEST(RequestBody, AnImageMayBeAListOfItsRows) {
  const std::vector<uint8_t> expected{1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Json rows{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  EXPECT_EQ(pixels_of(rows), expected);
  const RequestBody body = read_request_body(Json{{"images", {rows, expected, rows}}}.dump(), 9);
  EXPECT_EQ(body.images, (std::vector<std::vector<uint8_t>>(3, expected)));
  const RequestBody correction = read_request_body(Json{{"label", 7}, {"pixels", rows}, {"z", 1}}.dump(), 9);
  EXPECT_EQ(correction.images, (std::vector<std::vector<uint8_t>>{expected}));
  EXPECT_EQ(correction.label, 7);

  const std::string refused = "an image is not an array of 9 pixels, or of 3 rows of 3";
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3,4,5,6],[7,8,9]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3],[],[4,5,6],[7,8,9]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3],4,5,6,[7,8,9]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[1,2,3,[4,5,6],[7,8,9]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3],[4,5,6]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3],[4,5,6],[7,8,9],[1,2,3]]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[]})"), refused);
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3],[4,[5],6],[7,8,9]]})"), "pixel 4 is not a number");
  EXPECT_EQ(refusal_of(R"({"pixels":[[1,2,3],[4,{"a":5},6],[7,8,9]]})"), "pixel 4 is not a number");
}

}  // namespace
}  // namespace digitrec::serve
