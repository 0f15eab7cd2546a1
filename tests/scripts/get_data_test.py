#!/usr/bin/env python3
"""Runs scripts/setup/get_data.sh against a server on loopback: whole files, a broken mirror, a resumed download, Kaggle's API
with a token, a stand-in for the Kaggle CLI."""
import hashlib
import http.server
import io
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "setup" / "get_data.sh"
FILES = {"a.gz": b"first file" * 1000, "b.gz": b"second file" * 1000}


def kaggle_zip():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("train", "test", "sample_submission"):
            archive.writestr(f"{name}.csv", name)
    return packed.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer_as_kaggle(self):
        """Tokens that begin with a status get it; `right` is sent to the server with the files, as Kaggle does."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token != "right":
            return self.send_error(int(token[:3]) if token[:3].isdigit() else 401)
        self.send_response(302)
        self.send_header("Location", f"http://localhost:{self.server.server_address[1]}/storage/archive.zip")
        self.end_headers()

    def do_GET(self):
        if self.path == "/api/v1/competitions/data/download-all/digit-recognizer":
            return self.answer_as_kaggle()
        if self.path == "/storage/archive.zip":
            body = kaggle_zip() if self.headers.get("Authorization") is None else b"a token went to another server"
            self.send_response(200)
            self.end_headers()
            return self.wfile.write(body)
        self.server.requests.append((self.path, self.headers.get("Range")))
        body = FILES.get(self.path.rsplit("/", 1)[1])
        if body is None or self.path.startswith("/missing/"):
            return self.send_error(404)
        if self.path.startswith("/altered/"):
            body = body[::-1]
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:])

    def log_message(self, *_):
        pass


class GetData(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.requests = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.folder = tempfile.TemporaryDirectory()
        self.out = pathlib.Path(self.folder.name) / "data"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def run_script(self, *arguments, mirrors=("good",), **environment):
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        sums = "\n".join(f"{hashlib.sha256(body).hexdigest()} {name}" for name, body in FILES.items())
        env = {name: value for name, value in os.environ.items() if not name.startswith("KAGGLE_")}
        env |= {"HOME": self.folder.name, "KAGGLE_URL": base, "NO_PROXY": "127.0.0.1,localhost"}
        env |= {"MNIST_MIRRORS": " ".join(f"{base}/{m}/" for m in mirrors), "MNIST_FILES": sums} | environment
        return subprocess.run([SCRIPT, *arguments, "--out", str(self.out)], env=env, capture_output=True, text=True)

    def found(self):
        return {path.name: path.read_bytes() for path in self.out.iterdir()}

    def test_gets_every_file_and_none_twice(self):
        self.assertEqual(self.run_script("mnist").returncode, 0)
        self.assertEqual(self.found(), FILES)
        count = len(self.server.requests)
        again = self.run_script("mnist")
        self.assertEqual(again.returncode, 0)
        self.assertIn("already here", again.stdout)
        self.assertEqual(len(self.server.requests), count)

    def test_resumes_a_partial_file(self):
        self.out.mkdir()
        (self.out / "a.gz.part").write_bytes(FILES["a.gz"][:4000])
        self.assertEqual(self.run_script("mnist").returncode, 0)
        self.assertEqual(self.found(), FILES)
        self.assertIn(("/good/a.gz", "bytes=4000-"), self.server.requests)

    def test_takes_the_next_mirror_after_a_bad_one(self):
        result = self.run_script("mnist", mirrors=("missing", "altered", "good"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("wrong SHA-256", result.stderr)
        self.assertEqual(self.found(), FILES)

    def test_says_when_no_mirror_helps_and_leaves_no_half_file(self):
        result = self.run_script("mnist", mirrors=("altered", "missing"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("a.gz: no mirror gave it whole", result.stderr)
        self.assertEqual(self.found(), {})

    def kaggle(self, body):
        program = pathlib.Path(self.folder.name) / "kaggle"
        program.write_text("#!/bin/sh\n" + body)
        program.chmod(0o755)
        return {"PATH": f"{self.folder.name}:{os.environ['PATH']}"}

    def test_unpacks_what_kaggle_sends(self):
        make_zip = """for f in train test sample_submission; do echo $f > "$6/$f.csv"; done
cd "$6" && python3 -m zipfile -c digit-recognizer.zip train.csv test.csv sample_submission.csv && rm *.csv"""
        result = self.run_script("kaggle", **self.kaggle(make_zip))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(self.found()), ["sample_submission.csv", "test.csv", "train.csv"])

    def test_says_what_to_do_when_kaggle_refuses(self):
        for said, expected in (
                ("403", "accepted the rules"),
                ("403 - Forbidden", "accept the rules"),
                ("You don't have access to this resource.", "accept the rules"),
                ("Authentication required to call the Kaggle API.", "Authentication required: run kaggle auth login"),
                ("Max retries exceeded with url: /v1/x401", "Kaggle cannot be reached"),
                ("ModuleNotFoundError: No module named six", "install that with pip"),
                ("100% 401kB/s", "the kaggle program failed")):
            with self.subTest(said=said):
                result = self.run_script("kaggle", **self.kaggle(f'echo "{said}" >&2; exit 1'))
                self.assertEqual(result.returncode, 1)
                self.assertIn(expected, result.stderr.splitlines()[-1])
                self.assertEqual(list(self.out.iterdir()), [])

    def without_program(self):
        """PATH with what the script needs and no kaggle."""
        tools = pathlib.Path(self.folder.name) / "tools"
        tools.mkdir(exist_ok=True)
        for folder in os.environ["PATH"].split(os.pathsep):
            for program in pathlib.Path(folder).iterdir() if os.path.isdir(folder) else ():
                if program.name != "kaggle" and not (tools / program.name).exists():
                    (tools / program.name).symlink_to(program)
        return {"PATH": str(tools)}

    def test_fetches_with_a_token_where_the_program_is_missing(self):
        for how in ("variable", "file named by it", "file"):
            with self.subTest(how=how):
                environment = self.without_program()
                file = pathlib.Path(self.folder.name) / (".kaggle/access_token" if how == "file" else "token")
                file.parent.mkdir(exist_ok=True)
                file.write_text("right\n")
                if how != "file":
                    environment["KAGGLE_API_TOKEN"] = "right" if how == "variable" else str(file)
                result = self.run_script(**environment)  # a token alone chooses Kaggle
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.found(), {f"{name}.csv": name.encode() for name in ("train", "test", "sample_submission")})
                for path in self.out.iterdir():
                    path.unlink()

    def test_says_what_is_wrong_with_a_token(self):
        for token, expected in (("wrong", "Authentication required"), ("403", "accept the rules"), ("500", "HTTP status 500")):
            with self.subTest(token=token):
                result = self.run_script("kaggle", KAGGLE_API_TOKEN=token, **self.without_program())
                self.assertEqual(result.returncode, 1)
                self.assertIn(expected, result.stderr)
                self.assertEqual(list(self.out.iterdir()), [])
        away = self.run_script("kaggle", KAGGLE_API_TOKEN="right", **self.without_program() | {"KAGGLE_URL": "http://127.0.0.1:9"})
        self.assertIn("Kaggle cannot be reached", away.stderr)
        none = self.run_script("kaggle", **self.without_program())
        self.assertEqual(none.returncode, 1)
        self.assertIn("the kaggle program is missing, and so is a token", none.stderr)

    def test_refuses_unknown_words(self):
        self.assertEqual(self.run_script("minst").returncode, 2)


if __name__ == "__main__":
    unittest.main()
