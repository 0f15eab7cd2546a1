#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// How the numbers of a file are stored, all little-endian (others go through reverse_bytes before).
enum class NumberType { u8, i8, u16, i16, u32, i32, u64, i64, f16, f32, f64 };

/// Bytes of one number.
int64_t size_of(NumberType type);

/// Turns the bytes of each number round, from big-endian to little-endian.
void reverse_bytes(std::string& bytes, NumberType type);

/// What stands for white among pixels from `lowest` to `highest`: 1 where none is above it, else 255; 0 where neither
/// can be meant. What arithmetic has left beyond the ends (1.0000001 in float32) is to be cut off. Fractions up to 2
/// may be shares that are too high, as cubic resizing leaves them, as well as nearly black pixels, and mean neither.
double white_of(double lowest, double highest, bool has_fractions);

/// A file's numbers as pixels of 0 to 255. What reaches no higher than 1 is taken as 0 to 1, as it is fed to networks;
/// fractions are rounded. Adds to `reading` what was done. Throws Error, which begins with `name`, for numbers below 0
/// or above 255, saying from where to where they go.
std::vector<uint8_t> pixels_of(std::string_view bytes, NumberType type, const std::string& name, std::string& reading);

/// S of images of S x S pixels, N x S x S, also with a dimension of 1 besides or with both in one, N x S * S. Throws
/// Error, which begins with `name`, for any other shape, for S above kMaxImageSize, and when N is 0.
int64_t side_of_images(const std::vector<int64_t>& shape, const std::string& name);

/// "60000 x 28 x 28"
std::string shape_text(const std::vector<int64_t>& shape);

/// Whether each number says that there is no label, NaN or -1, as in a test set.
bool are_withheld(std::string_view bytes, NumberType type);

/// A file's numbers as labels. Throws Error, which begins with `name`, for what is not whole, or not within 0 to
/// kMaxClasses - 1.
std::vector<int64_t> labels_of(std::string_view bytes, NumberType type, const std::string& name);

/// A file's numbers, N x `columns` of them, as N labels: the column of the 1 in a row whose others are 0, as networks
/// are trained with. Throws Error, which begins with `name`, for any other row.
std::vector<int64_t> one_hot_labels_of(std::string_view bytes, NumberType type, int64_t columns,
                                       const std::string& name);

}  // namespace digitrec
