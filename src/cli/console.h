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
/// Whether a line may be drawn over there: on a terminal that is not a "dumb" one.
bool can_redraw(Stream stream);
/// Whether colour may be sent there: where lines may be redrawn, unless NO_COLOR is set (https://no-color.org).
bool has_colour(Stream stream);
/// Whether the locale's characters are UTF-8's, so that blocks and bars can be drawn with them.
bool has_unicode();

/// The text with its control characters, which a terminal would obey, as "?".
std::string printable(std::string_view text);

/// Columns of a terminal that the text takes.
size_t columns_of(std::string_view text);
/// The same as a name in a table, where a long one loses its middle.
std::string table_name(std::string_view text);

/// " (text)", or nothing for an empty text.
std::string in_brackets(std::string_view text);

/// Columns that an error, a warning or a line of the log may have.
inline constexpr size_t kMaxColumns = 200;
/// The line in at most `columns` columns. A longer one loses the middle of its paths; should it still be too long, as
/// it quotes what it found in a file, its own middle: its beginning says where, its end what to do.
std::string shorten(std::string_view line, size_t columns = kMaxColumns);

/// Prints lines on stdout: as they are, on a terminal printable.
void say(std::string_view text);

/// One line of text for two rows of `width` pixels, 0 black to 255 white; `lower` may be null. Greys where stdout has
/// colour, else ink or no ink; with `unicode` in half blocks, else in ASCII.
std::string half_blocks(const uint8_t* upper, const uint8_t* lower, int64_t width, bool unicode = has_unicode());

/// A text on one of a terminal's greys, 0 black to 255 white, in a colour that is legible there.
std::string on_grey(const std::string& text, int level);

/// "0:07", "12:34", "1:02:03".
std::string format_duration(double seconds);
/// 0.9962 -> "99.62%".
std::string format_percent(double share);
/// 12345 -> "12,345".
std::string format_count(int64_t value);
/// 1, "epoch", "epochs" -> "1 epoch"; 1200 -> "1,200 epochs".
std::string format_count(int64_t value, std::string_view singular, std::string_view plural);
/// The same of a rate, rounded.
std::string format_count(double value);

/// Whether the program was started to ignore the signal, as nohup and a shell's & do.
bool is_ignored(int signal);

/// Seconds for which a signal may wait to be asked for.
inline constexpr unsigned kMaxSecondsUnheard = 4;

/// Keeps the first SIGINT, SIGTERM or SIGHUP for interrupted(); a second one of the same kind ends the program. So does
/// the first when nothing asks for it in time, whatever a step waits for: the program then prints `last_line` on stderr
/// and exits with 128 plus the signal's number.
void catch_interrupts(const std::string& last_line, unsigned seconds = kMaxSecondsUnheard);
/// The signal that was kept; 0 for none. Whoever is told of one ends the program, and may take its time.
int interrupted();

}  // namespace digitrec::cli
