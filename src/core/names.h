#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace digitrec {

/// The candidate with the smallest edit distance to `word`; empty when more than a third of the letters differ, so that
/// `word` is not a likely misspelling of it.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'cnn-bn'?" when a candidate is near, else "; expected one of cnn, cnn-bn".
std::string suggest_name(std::string_view word, std::span<const std::string> candidates);

/// The position of `word` in `names`. Throws as parse_name does.
size_t find_name(std::string_view what, const std::string& word, std::span<const std::string> names);

/// ASCII letters in lower case, the rest as it is.
std::string lower_case(std::string_view text);

/// The words of a name in lower case, without what is no letter: "trainingSet" has two, as "training_set2".
std::vector<std::string> words_of(const std::string& name);

/// "a, b, c".
std::string join(std::span<const std::string> parts, std::string_view separator = ", ");

/// "a, b, 5 more": the first of so many.
std::string join_first(std::vector<std::string> first, size_t count);

/// A word of a shell's command line: as it is, or in single quotes where a POSIX shell would read it otherwise.
std::string shell_word(std::string_view word);

/// The enum whose values are the positions of `names`. Throws UsageError, starting with `what` ("precision") and naming
/// the nearest, for a word that is not one of them.
template <class Enum>
Enum parse_name(std::string_view what, const std::string& word, std::span<const std::string> names) {
  return static_cast<Enum>(find_name(what, word, names));
}

/// Bytes of a character at the beginning of a text in UTF-8 that shows nothing and may turn what stands around it
/// about, such as U+202E, which makes a terminal write from right to left; 0 where another one stands there.
size_t size_of_format_character(std::string_view text);

}  // namespace digitrec
