"""A folder of its own for a test script, and the digitrec named on its command line run in it."""
import subprocess
import sys
import tempfile
from pathlib import Path

_scratch = tempfile.TemporaryDirectory()
folder = Path(_scratch.name)
_digitrec = str(Path(sys.argv[1]).resolve())


def run(*arguments):
    """Gives what it printed; a failure ends the test."""
    done = subprocess.run([_digitrec, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
