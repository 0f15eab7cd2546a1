#include "cli/command.h"
#include "cli/console.h"
#include "core/descriptor.h"
#include "digitrec/core/error.h"
#include "digitrec/image/pictures.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

namespace {

/// The only place that prints an error, always as one line that a screen can hold.
int report(const char* message, int exit_code) {
  std::string line = digitrec::cli::with_flags(message);
  line.resize(std::min(line.size(), line.find('\n')));
  std::cerr << digitrec::cli::shorten("digitrec: " + digitrec::cli::printable(line)) << '\n';
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kWorkFailed = 1;
  constexpr int kWrongUsage = 2;
  constexpr char kOutOfMemory[] = "out of memory; try fewer rows (`limit`) or smaller batches (`batch_size`)";
  digitrec::claim_standard_descriptors();
  digitrec::read_picture_folders();
  std::signal(SIGXFSZ, SIG_IGN);  // so that writing beyond `ulimit -f` fails, and the file is named
  try {
    const int exit_code = digitrec::cli::run_command_line(argc, argv);
    std::cout.flush();
    if (!std::cout && exit_code == 0)
      return report("the results could not be written to stdout; is it closed, or the disk full?", kWorkFailed);
    return exit_code;
  } catch (const digitrec::UsageError& error) {
    return report(error.what(), kWrongUsage);
  } catch (const digitrec::Error& error) {
    return report(error.what(), kWorkFailed);
  } catch (const std::bad_alloc&) {
    return report(kOutOfMemory, kWorkFailed);
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const bool is_memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                           message.find("can't allocate memory") != std::string::npos;  // the CPU's allocator
    return report(is_memory ? kOutOfMemory : message.c_str(), kWorkFailed);
  } catch (const std::filesystem::filesystem_error& error) {
    const bool is_refused = error.code() == std::errc::permission_denied;
    const std::string message = error.path1().string() + ": cannot be read: " + error.code().message() +
                                (is_refused ? "; check who may open the folders that it lies in" : "");
    return report(message.c_str(), kWorkFailed);
  } catch (const std::system_error& error) {
    // What a thread throws that finds no memory to start.
    const bool is_memory = error.code() == std::errc::resource_unavailable_try_again;
    return report(is_memory ? kOutOfMemory : error.what(), kWorkFailed);
  } catch (const std::exception& error) {
    return report(error.what(), kWorkFailed);
  }
}
