#include "serve/request_body.h"

#include "data/pixels.h"

#include <spdlog/fmt/fmt.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace digitrec::serve {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxImages = 1000;
constexpr int64_t kMaxValues = 1'000'000;
/// The deepest valid body is an object of a list of images of 1 x 28 x 28 x 1; more levels would use up the parser's
/// stack.
constexpr int64_t kMaxLevels = 6;

std::string many_images() { return fmt::format("\"images\" is not an array of 1 to {} images", kMaxImages); }

/// The parser calls this for each piece of the text. A refusal of the content is kept until the end, since text that is
/// not JSON is refused first.
class BodyReader final : public nlohmann::json_sax<Json> {
 public:
  BodyReader(RequestBody& body, size_t pixels)
      : body_(body), pixels_(pixels), side_(static_cast<size_t>(std::lround(std::sqrt(pixels)))) {}

  const std::optional<Refusal>& refusal() const { return refusal_; }

  bool null() override { return other(); }
  bool boolean(bool value) override { return is_in_image() ? number(value ? 1 : 0) : other(); }
  bool string(string_t& /*value*/) override { return other(); }
  bool binary(binary_t& /*value*/) override { return other(); }
  bool number_integer(number_integer_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (levels_ == 1 && field_ == Field::label && value <= kMaxLabel) body_.label = static_cast<int64_t>(value);
    return number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return number(value); }

  bool start_object(size_t /*size*/) override {
    if (levels_ == 0) is_object_ = true;
    return other() && open();
  }
  bool end_object() override { return close(); }
  bool key(string_t& name) override {
    if (levels_ == 1) {
      field_ = name == "pixels"   ? Field::pixels
               : name == "images" ? Field::images
               : name == "label"  ? Field::label
                                  : Field::other;
    }
    return true;
  }

  bool start_array(size_t /*size*/) override {
    if (levels_ == 0) return false;
    const bool is_value = levels_ == 1;  // of a field
    if (is_value && field_ == Field::pixels) body_.has_pixels = true;
    if (is_value && field_ == Field::images) body_.has_images = true;
    const bool begins_image = (is_value && field_ == Field::pixels) || (levels_ == 2 && field_ == Field::images);
    if (is_in_image()) add(Kind::array);
    if (!open()) return false;
    if (begins_image) begin_image();
    if (is_in_image()) begin_array();
    return true;
  }
  bool end_array() override {
    if (is_in_image()) close_array();
    return close();
  }
  bool parse_error(size_t /*position*/, const std::string& /*token*/, const Json::exception& /*error*/) override {
    return false;
  }

  bool is_object() const { return is_object_; }

 private:
  enum class Field { other, pixels, images, label };
  static constexpr uint64_t kMaxLabel = 1'000'000;

  enum class Kind { number, array };
  struct Axis {
    std::optional<Kind> elements;
    std::optional<size_t> length;
  };

  bool is_in_image() const { return image_level_ > 0; }

  /// A value that is neither a number nor an array.
  bool other() {
    if (is_in_image()) refuse_pixel();
    if (levels_ == 1) mark_field();
    if (levels_ == 2 && field_ == Field::images && image_level_ == 0) refuse_image();
    return count();
  }

  bool number(double value) {
    if (!is_in_image()) return other();
    add(Kind::number);
    if (seen_.size() == pixels_) {
      refuse_image();
    } else {
      seen_.push_back(value);
    }
    return count();
  }

  /// Counts one more element of the innermost array. The elements of one depth are all numbers or all arrays.
  void add(Kind kind) {
    Axis& axis = axes_[counts_.size() - 1];
    const bool is_pixel = kind == Kind::array && counts_.size() > 1;
    if (axis.elements.value_or(kind) != kind) is_pixel ? refuse_pixel() : refuse_image();
    axis.elements = kind;
    ++counts_.back();
  }

  void begin_array() {
    counts_.push_back(0);
    if (axes_.size() < counts_.size()) axes_.emplace_back();
  }

  /// The arrays of one depth are of one length.
  void close_array() {
    Axis& axis = axes_[counts_.size() - 1];
    if (axis.length.value_or(counts_.back()) != counts_.back()) refuse_image();
    axis.length = counts_.back();
    counts_.pop_back();
    if (counts_.empty()) end_image();
  }

  /// Notes that a field is there, whatever its value.
  void mark_field() {
    body_.has_pixels = body_.has_pixels || field_ == Field::pixels;
    body_.has_images = body_.has_images || field_ == Field::images;
    if (field_ == Field::pixels) refuse_image();
    if (field_ == Field::images) refuse({422, many_images()});
  }

  void begin_image() {
    image_level_ = levels_;
    axes_.clear();
    seen_.clear();
    if (body_.images.size() == kMaxImages) refuse({422, many_images()});
    if (refusal_ && !body_.images.empty()) body_.images.pop_back();  // what is refused takes no more memory
    body_.images.emplace_back().reserve(pixels_);
  }

  /// Programs write an image as its pixels or as its rows, with a channel or a batch of one around or inside.
  void end_image() {
    image_level_ = 0;
    std::vector<size_t> shape;
    for (const Axis& axis : axes_) {
      if (axis.length != 1) shape.push_back(axis.length.value_or(0));
    }
    if (shape != std::vector{pixels_} && shape != std::vector{side_, side_}) refuse_image();
    if (!refusal_) convert_image();
  }

  /// Values of which none is above 1 are shares of 255, as many programs have images.
  void convert_image() {
    const auto [lowest, highest] = std::minmax_element(seen_.begin(), seen_.end());
    const bool has_fractions =
        std::any_of(seen_.begin(), seen_.end(), [](double level) { return level != std::floor(level); });
    const double most = white_of(*lowest, *highest, has_fractions);
    if (most == 0) {
      const bool is_mixed = has_fractions && *lowest >= 0 && *highest <= 255;
      refuse({422, fmt::format("pixels run from {:.6g} to {:.6g}{}; expected 0 to 255, or 0 to 1{}", *lowest, *highest,
                               is_mixed ? ", some of them fractions" : "",
                               *lowest < 0 ? ": send them before they are normalised" : "")});
      return;
    }
    for (const double level : seen_) {
      body_.images.back().push_back(static_cast<uint8_t>(std::lround(std::clamp(level, 0.0, most) * 255 / most)));
    }
  }

  bool open() {
    ++levels_;
    if (levels_ > kMaxLevels) return false;
    return count();
  }
  bool close() {
    --levels_;
    return true;
  }
  bool count() {
    if (++values_ > kMaxValues) refusal_ = {413, fmt::format("the body holds more than {} values", kMaxValues)};
    return values_ <= kMaxValues;
  }

  void refuse(Refusal refusal) {
    if (!refusal_) refusal_ = std::move(refusal);
  }
  void refuse_image() {
    refuse({422, fmt::format("an image is not an array of {0} pixels, or of {1} rows of {1}", pixels_, side_)});
  }
  void refuse_pixel() { refuse({422, fmt::format("pixel {} is not a number", seen_.size())}); }

  RequestBody& body_;
  size_t pixels_;
  size_t side_;
  Field field_ = Field::other;  ///< of the outermost object, that the parser is in
  int64_t levels_ = 0;          ///< arrays and objects that are open
  int64_t image_level_ = 0;     ///< of them, up to an image; 0 outside
  std::vector<size_t> counts_;  ///< elements so far of the image's open arrays, from the outermost
  std::vector<Axis> axes_;      ///< of the image, from the outermost
  std::vector<double> seen_;    ///< the image's values as they came
  int64_t values_ = 0;
  bool is_object_ = false;
  std::optional<Refusal> refusal_;
};

}  // namespace

RequestBody read_request_body(const std::string& text, size_t pixels) {
  RequestBody body;
  BodyReader reader(body, pixels);
  const bool is_json = Json::sax_parse(text, &reader);
  const bool is_too_long = reader.refusal() && reader.refusal()->status == 413;
  if ((!is_json && !is_too_long) || !reader.is_object()) {
    throw Refusal{400, "the body is not a JSON object; see /openapi.json"};
  }
  if (reader.refusal()) throw Refusal{*reader.refusal()};
  if (body.has_images && body.images.empty()) {
    throw Refusal{422, many_images()};
  }
  return body;
}

}  // namespace digitrec::serve
