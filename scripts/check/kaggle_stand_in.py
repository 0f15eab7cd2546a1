"""A stand-in for Kaggle's API on loopback, for scripts/check/kaggle_program.sh. Kaggle's program always calls api.kaggle.com, but
through HTTPS_PROXY: this is such a proxy, which answers by itself what it should pass on, under a certificate that
REQUESTS_CA_BUNDLE names. The path of a request is Kaggle's own (kagglesdk/competitions/services).

usage: python3 kaggle_stand_in.py FOLDER     prints its port; FOLDER holds key.pem and cert.pem, and `mode`, which says how to answer

Modes: ok, pending (never scored), error (not scored, with a reason), uncounted (takes a submission and lists none), limit (none is
left), refused (none is left, and it does not say so before), rules, unknown, busy, down, token (does not know the token). What was submitted, and how it was asked for, is in FOLDER/log.
"""
import datetime
import http.server
import io
import json
import pathlib
import ssl
import sys
import zipfile

FOLDER = pathlib.Path(sys.argv[1])
SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
SERVER.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
DAILY = 10
USED_UP = (400, "Submission not allowed: Your team has used its daily Submission allowance (10) today, please try again tomorrow "
                "UTC (3.4 hours from now).")
REFUSALS = {
    "limit": USED_UP,
    "refused": USED_UP,
    "rules": (403, "Permission 'competitions.participate' was denied"),
    "unknown": (404, "Not found"),
    "busy": (429, "Too many requests"),
    "down": (503, None),
    "token": (401, "Unauthenticated"),
}
REASON = "Could not parse '7.0' into expected type of Integer (Line 2, Column 2)"
submissions = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        """What follows is TLS for the host named, which is us."""
        self.send_response(200)
        self.end_headers()
        self.connection = SERVER.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False  # whatever CONNECT's own version of HTTP says

    def do_POST(self):
        self.mode = (FOLDER / "mode").read_text().strip()
        method = self.path.rsplit("/", 1)[1]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
        with open(FOLDER / "log", "a") as log:
            print(method, self.headers["Authorization"].split()[0] if self.headers["Authorization"] else "-", file=log)
        refused = REFUSALS.get(self.mode)
        # Some refusals are for new submissions alone; a token that is wrong is wrong everywhere.
        if refused and (self.mode in ("busy", "down", "token") or method in ("StartSubmissionUpload", "CreateSubmission")):
            return self.answer(refused[0], {"code": refused[0], "message": refused[1]} if refused[1] else b"")
        if method == "DownloadDataFiles":
            return self.redirect("https://www.kaggle.com/storage/digit-recognizer.zip")
        self.answer(200, getattr(self, method)(body))

    def do_GET(self):
        """The competition's files, where DownloadDataFiles or the API without the program has sent the client."""
        if self.path.startswith("/api/v1/competitions/data/download-all/"):
            if self.headers["Authorization"] != "Bearer right":
                return self.answer(401, {"code": 401, "message": "Unauthenticated"})
            return self.redirect("/storage/digit-recognizer.zip")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in ("train", "test", "sample_submission"):
                archive.writestr(f"{name}.csv", name)
        self.answer(200, packed.getvalue())

    def redirect(self, url):
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_PUT(self):
        encoding = self.headers.get("Transfer-Encoding")
        size = int(self.headers.get("Content-Length", 0))
        if encoding == "chunked":
            while chunk := int(self.rfile.readline(), 16):
                self.rfile.read(chunk)
                self.rfile.readline()
                size += chunk
            self.rfile.readline()
        else:
            self.rfile.read(size)
        with open(FOLDER / "log", "a") as log:
            print("upload", size, "bytes", file=log)
        self.answer(200, {})

    def answer(self, status, document):
        """`document`: what JSON holds, or bytes."""
        is_json = isinstance(document, dict)
        body = json.dumps(document).encode() if is_json else document
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if is_json else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def IntrospectToken(self, body):
        return {"active": body.get("token") == "right", "username": "someone"}

    def GetSubmissionLimits(self, _):
        if self.mode == "refused":
            return {}
        used = DAILY if self.mode == "limit" else len(submissions)
        return {"numToday": used, "numTotal": used + 3, "numAllowedNow": DAILY - used}

    def StartSubmissionUpload(self, _):
        return {"token": "blob", "createUrl": "https://www.kaggle.com/upload"}

    def CreateSubmission(self, body):
        if self.mode == "uncounted":
            return {"message": "Successfully submitted to Digit Recognizer"}
        state = {"error": "ERROR", "pending": "PENDING"}.get(self.mode, "PENDING, COMPLETE")
        submissions.insert(0, {
            "ref": 401403 + len(submissions), "status": state, "fileName": "submission.csv",
            "description": body.get("submissionDescription", ""),
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
        return {"message": "Successfully submitted to Digit Recognizer", "ref": submissions[0]["ref"]}

    def ListSubmissions(self, _):
        for found in submissions:  # scored once it was listed as pending
            shown, _, after = found["status"].partition(", ")
            found["shown"] = shown
            found["status"] = after or shown
        return {"submissions": [self.state(found) for found in submissions]}

    def GetSubmission(self, body):
        return next(self.state(found) for found in submissions if found["ref"] == body["ref"])

    @staticmethod
    def state(found):
        shown = {name: found[name] for name in ("ref", "fileName", "description", "date")} | {"status": found["shown"]}
        if found["shown"] == "COMPLETE":
            shown |= {"publicScore": "0.99142"}
        if found["shown"] == "ERROR":
            shown |= {"errorDescription": REASON}
        return shown

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
