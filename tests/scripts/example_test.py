"""Installs digitrec from a build folder, builds examples/ against that copy alone, and runs it.

usage: example_test.py BUILD SOURCE
"""
import pathlib
import subprocess
import sys
import tempfile

build, source = map(pathlib.Path, sys.argv[1:])


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE, **options).stdout


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    prefix = folder / "prefix"
    run("cmake", "--install", build, "--prefix", prefix)
    headers = sorted(path.relative_to(prefix / "include/digitrec") for path in (prefix / "include").rglob("*.h"))
    assert 10 <= len(headers) <= 20, headers

    # Out of the tree, so that nothing but the installed copy can be found.
    (folder / "example").mkdir()
    for file in (source / "examples").iterdir():
        (folder / "example" / file.name).write_bytes(file.read_bytes())
    run("cmake", "-S", folder / "example", "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DCMAKE_BUILD_TYPE=Debug")
    run("cmake", "--build", folder / "build")
    program = folder / "build/label"
    libraries = run("ldd", program)
    for unwanted in ("libpng", "libjpeg", "libtiff", "libwebp", "libgd"):
        assert unwanted not in libraries, f"{unwanted} is linked:\n{libraries}"

    installed = prefix / "bin/digitrec"
    run(installed, "data", "synth", "--out", folder / "data", "--train", "300", "--test", "7")
    labels = run(program, folder / "data", folder / "run").split()
    assert len(labels) == 7 and all(label in "0123456789" for label in labels), labels
    # The program reads the same from the run that the example has made.
    run(installed, "predict", "--checkpoint", folder / "run", "--input", folder / "data", "--precision", "fp32",
        "--out", folder / "submission.csv")
    rows = (folder / "submission.csv").read_text().split()[1:]
    assert [row.split(",")[1] for row in rows] == labels, (rows, labels)
print("installed, built, run")
