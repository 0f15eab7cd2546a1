"""What the Python scripts share: a command line whose help is the script's own first comment, the root folder, the program, and
a Python that has what a script needs."""
import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Parser(argparse.ArgumentParser):
    """--help prints `doc` below the usage; what is wrong with a command line is said in one line."""

    def __init__(self, doc):
        super().__init__(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; --help says more\n")


def count(text):
    """A whole number above 0, for add_argument(type=count)."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}', expected a whole number above 0")
    return int(text)


def die(message):
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def program(path=None):
    """The absolute path of digitrec: the one named, else DIGITREC's, else build/release's."""
    found = Path(path or os.environ.get("DIGITREC") or ROOT / "build/release/digitrec").resolve()
    if not os.access(found, os.X_OK):
        die(f"{found}: no program there; build it with scripts/quickstart.sh, or name another with DIGITREC=PATH")
    return str(found)


def need_python(modules, packages):
    """Goes on in the Python of .venv, which has these modules afterwards: pip installs the packages where one is missing."""
    python = ROOT / ".venv/bin/python"
    if not python.exists():
        die("no .venv; scripts/setup/install_dependencies.sh makes it")
    if Path(sys.prefix).resolve() != python.parents[1].resolve():
        os.execv(python, [str(python), *sys.argv])
    if any(importlib.util.find_spec(module) is None for module in modules):
        print("== installing into .venv:", *packages, file=sys.stderr)
        if subprocess.run([python, "-m", "pip", "install", "-q", *packages]).returncode != 0:
            die(f"pip could not install {' '.join(packages)}; check the network and run this again")
