#!/usr/bin/env python3
"""Every script answers --help before it does anything, and refuses a flag that it does not know. Run in an empty folder, with
nothing but the system's programs on PATH."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (ROOT / "scripts").rglob("*")
                 if path.is_file() and os.access(path, os.X_OK) and "__pycache__" not in path.parts)


def run(script, *arguments):
    """What it answers, and what it left in its folder, its home and its temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folders = {key: pathlib.Path(name, key) for key in ("cwd", "home", "tmp")}
        for folder in folders.values():
            folder.mkdir()
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folders["home"]), "TMPDIR": str(folders["tmp"]),
                       "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([script, *arguments], cwd=folders["cwd"], env=environment, capture_output=True, text=True, timeout=60)
        left = [path.relative_to(name) for folder in folders.values() for path in folder.rglob("*")]
        return done, left


def files_of_the_tree():
    """What a script might leave there: the names at the top, below scripts/ and below build/. Tests beside this one may have
    Python compile a module."""
    found = {path for folder in (ROOT, ROOT / "build") if folder.is_dir() for path in folder.iterdir()}
    return found | {path for path in (ROOT / "scripts").rglob("*") if "__pycache__" not in path.parts}


class Help(unittest.TestCase):
    def all_at_once(self, check):
        before = files_of_the_tree()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(check, SCRIPTS))
        for script, (done, left) in zip(SCRIPTS, answers):
            yield str(script.relative_to(ROOT)), done, left
        self.assertEqual(files_of_the_tree() - before, set())

    def test_there_are_scripts(self):
        self.assertGreater(len(SCRIPTS), 25)

    def test_is_answered_before_anything_is_done(self):
        for flag in ("--help", "-h"):
            for name, done, left in self.all_at_once(lambda script: run(script, flag)):
                with self.subTest(script=name, flag=flag):
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(done.stderr, "")
                    usage = [line for line in done.stdout.splitlines() if line.startswith("usage: ")]
                    self.assertEqual(len(usage), 1, done.stdout)
                    self.assertIn(pathlib.Path(name).name, usage[0])
                    self.assertRegex(done.stdout, r"\b(Takes|takes?|take|Serves)\b", "does not say how long it takes")
                    self.assertEqual(left, [])

    def test_unknown_flags_are_refused_in_one_line(self):
        for name, done, left in self.all_at_once(lambda script: run(script, "--no-such-flag")):
            with self.subTest(script=name):
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertTrue(done.stderr.startswith(pathlib.Path(name).name + ": "), done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
