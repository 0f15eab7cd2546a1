#pragma once

namespace digitrec {

/// Keeps what comes on stdin through a pipe in a file without a name, which stdin is from then on: so it can be looked
/// at before it is read, and read more than once, as a file can. Does nothing where stdin is no pipe. Throws Error
/// where there is no room for it.
void hold_stdin();

}  // namespace digitrec
