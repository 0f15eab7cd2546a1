#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace digitrec::cli {

/// Log lines go to stderr and, after set_log_file, also to the end of that file, which replaces an earlier one. Results
/// go to stdout through std::cout.
void log(std::string_view line);
void warn(std::string_view line);
void set_log_file(const std::filesystem::path& path);

enum class Stream { out, err };
/// Columns of the stream's terminal; 80 where it goes elsewhere.
int terminal_width(Stream stream);
/// The same for tables, which are not cut where the stream goes elsewhere.
int table_width(Stream stream);
/// Whether colour may be sent there: to a terminal, unless NO_COLOR is set (https://no-color.org).
bool has_colour(Stream stream);

/// One line of text for two rows of `width` pixels, 0 black to 255 white; `lower` may be null. Greys where stdout has
/// colour, else ink or no ink.
std::string half_blocks(const uint8_t* upper, const uint8_t* lower, int64_t width);

/// A text on one of a terminal's greys, 0 black to 255 white, in a colour that is legible there.
std::string on_grey(const std::string& text, int level);

/// "0:07", "12:34", "1:02:03".
std::string format_duration(double seconds);
/// 0.9962 -> "99.62%".
std::string format_percent(double share);
/// 12345 -> "12,345".
std::string format_count(int64_t value);
/// The same of a rate, rounded.
std::string format_count(double value);

/// Keeps the first SIGINT, SIGTERM or SIGHUP for interrupted(); a second one of the same kind ends the program.
void catch_interrupts();
/// The signal that was kept; 0 for none.
int interrupted();

}  // namespace digitrec::cli
