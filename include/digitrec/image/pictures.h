#pragma once

#include "digitrec/data/dataset.h"
#include "digitrec/data/source.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace digitrec {

/// Gives the bytes of a picture, to any thread; where it is empty the file's own.
using PictureBytes = std::function<std::string(const std::filesystem::path&)>;

/// What paths name as pictures.
struct PictureFiles {
  std::vector<std::filesystem::path> files;     ///< pictures, also those that cannot be read
  std::vector<std::filesystem::path> left_out;  ///< in a folder of pictures: notes, lists, folders of more pictures
  PictureBytes bytes{};                         ///< of those in a zip archive; empty for files
};

/// The picture files that `paths` name: files as given, and for a folder those in it by name, or where it has none
/// itself those in the folders below, of a data set those in its test/; for a zip archive without tables all in it, or
/// its test/. A picture is known by its name or its first bytes: what has but the name of one cannot be read, nor a
/// path without any beside others with some. Without `files` when `paths` is a single file or folder without any, which
/// then is a data set. Throws Error when a folder holds both, and when several paths have no picture between them.
PictureFiles find_pictures(const std::vector<std::filesystem::path>& paths);

/// Whether a file's first bytes are those of a picture, also of a kind that cannot be read.
bool is_picture_file(const std::filesystem::path& file);

/// Lets load_dataset() read folders of pictures, one a class, from now on.
void read_picture_folders();

/// How a picture is read.
enum class PictureKind {
  number,     ///< digits side by side
  character,  ///< one, whatever its parts
  whole,      ///< all of it, ink or not
};

/// Several digits in a picture make a number; of other classes a picture shows one.
PictureKind picture_kind(Framing framing, const Classes& classes, int64_t count);

/// Where in a picture's text a digit stands.
struct TextPlace {
  int64_t line = 0;    ///< of writing, from the top
  int64_t number = 0;  ///< in reading order: a line is one number, or several with wide gaps between them

  bool operator==(const TextPlace&) const = default;
};

/// What digits read as in a picture: their names one after another, numbers apart by spaces. `names`, `places`: of
/// each digit, in reading order.
std::string join_numbers(std::span<const std::string> names, std::span<const TextPlace> places);

/// What an image shows of a picture: a piece of ink, or one of the two halves of a piece that may be two digits that
/// touch. Halves follow their piece, and are read beside it.
enum class Part { piece, left_half, right_half };

/// Which images stand for their pictures once they are read: of a piece and its halves the halves, where both together
/// are so probable that at most half of the piece's doubt is left. `parts`: of each image. `probability`: of each, that
/// of its likeliest class.
std::vector<bool> choose_parts(std::span<const Part> parts, std::span<const float> probability);

/// What the probabilities of each image are to be multiplied with: 1, but for halves, since their piece may be one
/// digit after all, the share of the two readings' probabilities that is the halves'.
std::vector<float> trust_in_parts(std::span<const Part> parts, std::span<const float> probability);

/// The digits of several pictures.
struct Pictures {
  Dataset digits;                   ///< all of them, picture after picture, in reading order; may be none
  std::vector<TextPlace> places;    ///< of each digit
  std::vector<Part> parts;          ///< of each digit: also the halves of pieces that may be two
  std::vector<int64_t> counts;      ///< how many each picture holds; 0 where it cannot be read
  std::vector<std::string> errors;  ///< why it cannot, for each picture; else empty
};

/// Reads pictures on all threads, cuts them into digits and frames each as MNIST's are, `image_size` pixels a side.
Pictures load_pictures(const std::vector<std::filesystem::path>& files, int64_t image_size, PictureKind kind,
                       const PictureBytes& bytes = {});

/// Leaves out the images that do not stand for their pictures, of `pictures` and of their `probabilities`, float32
/// [digits, classes]. Returns how many pieces were cut in two.
int64_t keep_chosen_parts(Pictures& pictures, at::Tensor& probabilities);

}  // namespace digitrec
