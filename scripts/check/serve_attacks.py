#!/usr/bin/env python3
"""Attacks digitrec serve on loopback, one way after another. Meanwhile somebody asks once a second, and must be answered within a
second; memory stays below 400 MB above the start and is given back; SIGTERM ends the server within 5 seconds. Exit code 0 when all
held.

Needs nothing beyond Python's own library and a built digitrec. Takes two to three minutes.
"""
import gzip
import http.client
import multiprocessing
import re
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import Parser, program  # noqa: E402
from png_file import png  # noqa: E402

parser = Parser(__doc__)
parser.add_argument("program", metavar="PROGRAM", nargs="?", help="default: DIGITREC, else build/release/digitrec")
digitrec = program(parser.parse_args().program)
work = tempfile.TemporaryDirectory()
MAX_MEMORY = 400_000_000  # above what the server held at the start
MAX_KEPT = 100_000_000    # of that, some seconds later
MAX_WAIT = 1              # seconds, for whoever asks once a second
MAX_END = 5               # seconds from SIGTERM to the end
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def run(*arguments):
    subprocess.run([digitrec, *arguments], cwd=work.name, check=True, capture_output=True)


def start():
    server = subprocess.Popen([digitrec, "serve", "--checkpoint", "run", "--port", "0"], cwd=work.name, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return server, int(server.stdout.readline().rsplit(":", 1)[1].strip("/\n"))


def zeros(count):
    """`count` compressed zero bytes, without ever holding them."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(min(1 << 20, count - i))) for i in range(0, count, 1 << 20)]
    return b"".join(parts) + packer.flush()


def deflated(head, count, wbits=15):
    """A zlib (or gzip) stream of `head` and then `count` zeros, most of them one compressed megabyte again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (count >> 20) + packer.flush()


digit = png(40, 40, zlib.compress(b"".join(b"\0" + bytes(255 if 18 <= x <= 22 and 5 <= y < 35 else 0 for x in range(40)) for y in range(40))))


def memory():
    for line in open(f"/proc/{server.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) << 10
    return 0


def connect(timeout=30):
    return socket.create_connection(("127.0.0.1", port), timeout)


class Asking:
    """Somebody who asks once a second while the server is attacked: another process, since our threads keep each other waiting."""

    def __enter__(self):
        fork = multiprocessing.get_context("fork")
        self.ends = fork.Event()
        self.found, end = fork.Pipe()
        self.process = fork.Process(target=self.ask, args=(end,), daemon=True)
        self.process.start()
        return self

    def ask(self, end):
        worst, peak, wrong = 0, 0, []
        next_time = time.time()
        while not self.ends.is_set() or time.time() > next_time:
            peak = max(peak, memory() - at_start)
            if time.time() > next_time:
                begin = time.time()
                try:
                    status, text = post(digit)
                    if status != 200:
                        wrong.append((status, text))
                except (OSError, http.client.HTTPException) as error:
                    wrong.append(type(error).__name__)
                worst = max(worst, time.time() - begin)
                next_time = begin + 1
            time.sleep(0.02)
        end.send((worst, peak, wrong))

    def __exit__(self, *failure):
        self.ends.set()
        self.worst, self.peak, self.wrong = self.found.recv()
        self.process.join()

    def check(self):
        assert not self.wrong, f"whoever asked meanwhile got {self.wrong[:5]}"
        assert self.worst < MAX_WAIT, f"whoever asked meanwhile waited {self.worst:.1f} s"
        assert self.peak < MAX_MEMORY, f"{self.peak >> 20} MiB"
        return f"{self.peak >> 20} MiB at most; others waited {1000 * self.worst:.0f} ms at most"


def at_once(count, work):
    """Runs `work(i)` for `count` values of i at once, while somebody asks; gives what came back, and what that one saw."""
    results = []

    def keep(i):
        try:
            results.append(work(i))
        except OSError as error:
            results.append(type(error).__name__)
    with Asking() as other:
        threads = [threading.Thread(target=keep, args=(i,)) for i in range(count)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    return results, other.check()


def rounds(bodies, kind="image/png", **more):
    """Each body three times at once, one body after the other: a client may have half of the room for bodies, 48 MB."""
    statuses = []

    def send(_):
        for body in bodies:
            statuses.append(status_of(body, kind, **more))
    _, seen = at_once(3, send)
    return statuses, seen


def status_of(body, kind="image/png", **headers):
    """The status, or what went wrong: a server that has refused may close before it has all of a body."""
    try:
        return post(body, kind, **headers)[0]
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def conversation(sent, timeout=10):
    """All that comes back until the server closes."""
    answer = b""
    with connect(timeout) as s:
        s.sendall(sent)
        try:
            while part := s.recv(65536):
                answer += part
        except OSError:
            answer += b"(no end)"
    return answer


def request(head, body=b"", timeout=30):
    """Sends bytes as they are; gives the status line, or what went wrong."""
    try:
        with connect(timeout) as s:
            s.sendall(head.encode() + body)
            return s.recv(4096).split(b"\r\n", 1)[0].decode(errors="replace")
    except OSError as error:
        return type(error).__name__


def post(body, kind="image/png", path="/api/predict", headers={}):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, body, {"Content-Type": kind, **headers})
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, text


# ---- the attacks: each gives what came back

def slowloris():
    """500 connections, each a byte of a request now and then; and somebody who sends a photo over a bad line."""
    held = [connect() for _ in range(500)]
    for s in held:
        s.sendall(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\n")

    def send_slowly(_):
        photo = digit[:-12] + struct.pack(">I", 7_000_000) + b"teXt" + bytes(7_000_000)
        photo += struct.pack(">I", zlib.crc32(photo[-7_000_004:])) + digit[-12:]
        with connect(60) as s:
            s.sendall(f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(photo)}\r\n\r\n".encode())
            for at in range(0, len(photo), 25_000):  # 250 kB/s: 28 seconds
                s.sendall(photo[at:at + 25_000])
                time.sleep(0.1)
            return s.recv(100).split(b"\r\n")[0].decode()

    def drip(_):
        end = time.time() + 25
        while time.time() < end:
            for s in held:
                try:
                    s.sendall(b"X")
                except OSError:
                    pass
            time.sleep(1)

    results, seen = at_once(2, lambda i: (send_slowly, drip)[i](i))
    assert "HTTP/1.1 200 OK" in results, results
    cut = 0
    for s in held:
        s.settimeout(0.1)
        try:
            cut += s.recv(1) == b""
        except socket.timeout:
            pass
        except OSError:
            cut += 1
        s.close()
    assert cut == 500, f"{500 - cut} were still held after 25 s"
    return f"all 500 cut off, the slow photo read; {seen}"


def slow_bodies():
    """100 clients that announce 10 MB and send 9."""
    held = []
    for _ in range(100):
        s = connect()
        s.sendall(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 10000000\r\n\r\n")
        try:
            s.sendall(bytes(9_000_000))
        except OSError:
            pass
        held.append(s)
    grown = memory() - at_start
    for s in held:
        s.close()
    return f"{grown >> 20} MiB held meanwhile"


def huge_body():
    """1 GB: announced, and in chunks."""
    announced = request("POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 1000000000\r\n\r\n")
    assert " 413 " in announced, announced
    sent = 0
    with connect() as s:
        s.sendall(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 1_000_000_000:
                s.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
                sent += 1 << 20
        except OSError:
            pass
    assert sent < 100_000_000
    return f"413; cut off after {sent >> 20} MiB of chunks"


def huge_headers():
    """1 MB of headers, in one and in 20,000 lines."""
    one = request("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + "x" * (1 << 20) + "\r\n\r\n")
    many = request("GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + "X: " + "\r\nX: ".join("y" * 50 for _ in range(20_000)) + "\r\n\r\n")
    path = request("GET /" + "a" * (1 << 20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for answer in (one, many, path):
        assert " 200 " not in answer, answer
    return ", ".join((one, many, path))


def nonsense():
    """Chunks and requests that are none."""
    head = "POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    answers = [request(head, body, 3) for body in
               (b"zz\r\nabc\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\n", b"5\r\nabcdefghij\r\n0\r\n\r\n", b"\0" * 100 + b"\r\n")]
    generator = random.Random(1)
    answers += [request("", bytes(generator.randrange(256) for _ in range(500)) + b"\r\n\r\n", 3) for _ in range(50)]
    answers.append(request("GET /healthz HTTP/1.1\r\n\r\n"))  # no Host
    answers.append(request("POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: -5\r\n\r\n"))
    answers.append(request("POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
    assert not [a for a in answers if " 200 " in a or " 5" in a], answers
    return f"{len(answers)} answered with 4xx or cut off"


def smuggling():
    """Requests of which two servers in a row might find different ends, each with another one hidden behind it."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    start_line = b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    chunks = b"0\r\n\r\n"
    wrong = [start_line + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
             start_line + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunks,
             start_line + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
             start_line + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
             start_line + b"Content-Length: 0, 5\r\n\r\nhello", start_line + b"Content-Length: +5\r\n\r\nhello",
             start_line + b"Content-Length : 5\r\n\r\nhello", start_line + b"X: y\r\n Content-Length: 5\r\n\r\nhello",
             start_line + b"X: y\r\n\tz\r\n\r\n", start_line + b"Transfer-Encoding: tea\r\n\r\n" + chunks,
             start_line + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks,
             start_line + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunks,
             start_line + b"Transfer-Encoding:\x0bchunked\r\n\r\n" + chunks,
             start_line + b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
             start_line + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 40_000,
             start_line + b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
             start_line + b"Host: evil.example\r\n\r\n", start_line + b"Expect: tea\r\n\r\n",
             b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, b"GET / HTTP/1.1\nHost: localhost\n\n",
             b"GET / HTTP/1.1\r\nHost: localhost\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n", b"\r\n", b"\0\r\n\r\n",
             b"GET /healthz%00/.. HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
             b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
             b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\0.evil.example\r\n\r\n",
             b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    statuses = set()
    for bytes_ in wrong:
        answer = conversation(bytes_ + hidden)
        head, _, body = answer.partition(b"\r\n\r\n")
        statuses.add(head[9:12].decode())
        assert len(re.findall(rb"HTTP/1\.1 \d", answer)) == 1 and head[9:10] in b"45", (bytes_[:200], answer)
        assert body.startswith(b'{"error":"') and b"Content-Type: application/json\r\n" in head, (bytes_[:200], answer)
        assert b"X-Content-Type-Options: nosniff" in head and b"Connection: close" in head, (bytes_[:200], answer)
    many = b"&".join(b"a%d=%d" % (i, i) for i in range(500))
    answer = conversation(b"GET /healthz?" + many + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    answer = conversation(b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Secret: y\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ") and b"X-Secret" not in answer, answer
    return f"{len(wrong)} refused with {', '.join(sorted(statuses))} and closed"


def traversal():
    paths = ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/style.css/../../../etc/passwd"]
    answers = [request(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n") for path in paths]
    assert all(" 404 " in a or " 400 " in a for a in answers), answers
    return ", ".join(sorted(set(answers)))


def wrong_host():
    answers = [request(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n") for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example",
                                                                                         "localhost:x@evil.example", "[::1]evil.example")]
    answers.append(request(f"POST /api/corrections HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n"))
    assert [a.split()[1] for a in answers] == ["421"] * 5 + ["403"], answers
    return "421 and 403"


def large_pictures():
    """Pictures that are small as files and enormous as pixels."""
    large = png(30_000, 30_000, zeros(30_001 * 30_000))
    wide = png(1_000_000, 1_000_000, b"")
    within = png(4000, 4000, zeros(4001 * 4000))
    photo = png(8000, 6000, zeros(8001 * 6000))
    jpeg = bytes.fromhex("ffd8ffdb004300") + b"\x10" * 64 + bytes.fromhex("ffc0000b08ea60ea6001011100") + bytes.fromhex("ffda0008010100003f00") + bytes(1000) + b"\xff\xd9"
    statuses = [post(body, kind)[0] for body, kind in ((large, "image/png"), (wide, "image/png"), (jpeg, "image/jpeg"))]
    many, seen = at_once(64, lambda i: status_of(photo if i % 8 == 0 else within))
    assert set(statuses) == {422} and set(many) <= {422, 503}, (statuses, many)
    return f"422; 64 at once of 16 and 48 million pixels took {seen}"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bombs_of_data():
    """A picture of 40 x 40 pixels whose data unpack to 15 GB, one of 4000 x 4000, and interlaced ones."""
    def bomb(side, interlaced, size):
        # Zeros: the same in any order of rows, with more bytes than any pass needs.
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, interlaced)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", deflated(b"", size)) + chunk(b"IEND", b"")
    bodies = [bomb(side, interlaced, 15_000_000_000) for side in (40, 4000) for interlaced in (0, 1)]
    statuses, seen = rounds(bodies)
    assert set(statuses) == {422}, statuses
    return f"took {seen}"


def bombs_of_chunks():
    """990 texts and colour profiles of 8 MB, 16 kB each."""
    packed = b"x\0\0" + deflated(b"", 8 << 20)
    extra = b"".join(chunk((b"zTXt", b"iCCP", b"iTXt")[i % 3], packed) for i in range(990))
    bodies = [digit[:33] + extra + digit[33:], digit[:-12] + extra + digit[-12:]]
    statuses, seen = rounds(bodies)
    assert set(statuses) == {200}, statuses
    return f"took {seen}"


def jpeg_of_scans(side, size):
    """A progressive JPEG file of empty scans, each of which the decoder goes through block by block."""
    def segment(marker, data):
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
    blocks = (side // 8) ** 2
    table = segment(0xC4, b"\x00" + b"\x01" + bytes(15) + b"\x00") + segment(0xC4, b"\x10" + b"\x01" + bytes(15) + b"\xe0")
    head = b"\xff\xd8" + segment(0xDB, b"\x00" + b"\x01" * 64) + segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00") + table
    direct = segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(blocks // 8)
    runs = int("0" + "011111111111111" * -(-blocks // 32767) + "1" * 16, 2).to_bytes(-(-(15 * -(-blocks // 32767) + 17) // 8), "big")
    scan = segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + runs.replace(b"\xff", b"\xff\x00")
    return head + direct + scan * (size // len(scan)) + b"\xff\xd9"


def bombs_of_scans():
    """JPEG files of half a million scans."""
    bodies = [jpeg_of_scans(side, 8 << 20) for side in (1000, 4000, 8000)]
    statuses, seen = rounds(bodies, "image/jpeg")
    assert set(statuses) == {422}, statuses
    return f"took {seen}"


def bombs_of_gzip():
    """Bodies that unpack to 14 GB, and to one of 31 MB."""
    bomb = deflated(b"", 14_000_000_000, 31)
    below = gzip.compress(b'{"pixels":[' + b"[]," * 5_000_000 + b"[]]}")
    statuses, seen = rounds([bomb, below], "application/json", headers={"Content-Encoding": "gzip"})
    assert set(statuses) == {413}, statuses
    return f"took {seen}"


def bombs_of_json():
    """Values, levels, numbers and strings without number."""
    bodies = [b'{"pixels":[' + b"[]," * 5_000_000 + b"[]]}", b"[" * 15_000_000, b'{"images":[' + b"[0]," * 3_500_000 + b"[0]]}",
              b'{"x":"' + b"x" * 15_000_000 + b'"}', b'{"pixels":[' + b"1" * 15_000_000 + b"]}", b'{"a":1,' * 2_000_000]
    statuses, seen = rounds(bodies, "application/json")
    assert set(statuses) <= {400, 413, 422}, statuses
    return f"took {seen}"


def abandoned():
    """255 clients that send a large picture and leave, again and again."""
    within = png(4000, 4000, zeros(4001 * 4000))
    whole = f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(within)}\r\n\r\n".encode() + within

    def leave(_):
        for _ in range(3):
            with connect() as s:
                s.sendall(whole)
                time.sleep(0.5)
    _, seen = at_once(255, leave)
    return f"765 requests took {seen}"


def unread():
    """Clients that ask for much and read nothing."""
    image = b"[" + b",".join([b"0"] * 300 + [b"255"] * 60 + [b"0"] * 424) + b"]"
    body = b'{"images":[' + b",".join([image] * 1000) + b"]}"
    asks = f"POST /api/predict?explain=1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    page = b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000

    def ask(i):
        with connect() as s:
            s.settimeout(10)
            try:
                s.sendall(asks if i < 20 else page)
            except OSError:
                pass
            time.sleep(10)
    _, seen = at_once(420, ask)
    return f"20 answers of 9 MB, 800,000 pages: took {seen}"


def truncated():
    statuses = {post(digit[:n])[0] for n in range(0, len(digit) - 12, 3)}
    generator = random.Random(2)
    for _ in range(300):
        bytes_ = bytearray(digit)
        bytes_[generator.randrange(8, len(bytes_))] ^= 1 << generator.randrange(8)
        statuses.add(post(bytes(bytes_))[0])
    assert statuses <= {200, 415, 422}, statuses
    return f"statuses {sorted(statuses)}"


def wrong_pixels():
    bodies = [b'{"pixels":[NaN]}', b'{"pixels":[' + b",".join([b"NaN"] * 784) + b"]}", b'{"pixels":[' + b",".join([b"1e999"] * 784) + b"]}",
              b'{"pixels":[' + b",".join([b"-1"] * 784) + b"]}", b'{"pixels":null}', b"[" * 1_000_000, b'{"images":' + b"[" * 100_000,
              b'{"pixels":"' + b"x" * 1_000_000 + b'"}', b"\xff\xfe", b""]
    statuses = [post(body, "application/json")[0] for body in bodies]
    assert set(statuses) <= {400, 422}, statuses
    return f"statuses {sorted(set(statuses))}"


def greedy_requests():
    """Small requests for much work: 1,000 images with their saliency, eight times at once; millions of empty values."""
    image = b"[" + b",".join([b"0"] * 300 + [b"255"] * 60 + [b"0"] * 424) + b"]"
    many = b'{"images":[' + b",".join([image] * 1000) + b"]}"
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(post(many, "application/json", "/api/predict?explain=1")[0])) for _ in range(8)]
    peak = 0
    worst = 0
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        begin = time.time()
        assert post(digit)[0] == 200
        worst = max(worst, time.time() - begin)
        peak = max(peak, memory() - at_start)
    assert statuses == [200] * 8, statuses
    empty = post(b'{"pixels":[' + b"[]," * 5_000_000 + b"[]]}", "application/json")[0]
    assert empty == 413, empty
    assert peak < MAX_MEMORY, f"{peak >> 20} MiB"
    return f"took {peak >> 20} MiB at most; others waited {worst:.1f} s at most"


def stop(threads):
    """Ends the server in an orderly way and waits for these clients of it; gives the seconds that it took."""
    begin = time.time()
    server.send_signal(signal.SIGTERM)
    code = server.wait(30)
    took = time.time() - begin
    for t in threads:
        t.join()
    assert code == 0, f"ended with {code}"
    return took


def stop_while_asked():
    """SIGTERM while kept-alive connections go on asking: every time an orderly end."""
    global server, port, at_start
    for _ in range(8):
        held = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(100)]

        def ask(connections):
            for connection in connections * 20:
                try:
                    connection.request("POST", "/api/predict", digit, {"Content-Type": "image/png"})
                    connection.getresponse().read()
                except (OSError, http.client.HTTPException):
                    return
        for connection in held:
            connection.connect()
        threads = [threading.Thread(target=ask, args=(held[i::2],)) for i in range(2)]
        for t in threads:
            t.start()
        time.sleep(0.1)
        took = stop(threads)
        assert took < MAX_END, f"took {took:.1f} s"
        for connection in held:
            connection.close()
        server, port = start()
    post(digit)
    at_start = memory()
    return "8 times"


def stop_while_bombed():
    """SIGTERM while the server is busy with the largest things it takes."""
    global server, port, at_start
    photo = png(8000, 6000, zeros(8001 * 6000))
    scans = jpeg_of_scans(8000, 8 << 20)
    image = b"[" + b",".join([b"0"] * 300 + [b"255"] * 60 + [b"0"] * 424) + b"]"
    many = b'{"images":[' + b",".join([image] * 1000) + b"]}"
    worst = 0
    for body, kind, path in ((photo, "image/png", "/api/predict"), (scans, "image/jpeg", "/api/predict"), (many, "application/json", "/api/predict?explain=1")):
        def ask():
            try:
                post(body, kind, path)
            except (OSError, http.client.HTTPException):
                pass
        threads = [threading.Thread(target=ask) for _ in range(30)]
        for t in threads:
            t.start()
        time.sleep(1)
        worst = max(worst, stop(threads))
        server, port = start()
        post(digit)
        at_start = memory()
    assert worst < MAX_END, f"took {worst:.1f} s"
    return f"{worst:.1f} s at most"


def many_connections():
    begin = time.time()
    for _ in range(10_000):
        connect().close()
    return f"10,000 in {time.time() - begin:.1f} s"


def kill_clients():
    """Clients that vanish in the middle of a request, and before its answer."""
    for i in range(300):
        s = connect()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
        whole = f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(digit)}\r\n\r\n".encode() + digit
        s.sendall(whole if i % 2 else whole[:len(whole) // 2])
        s.close()
    return "300 vanished"


def too_many_connections():
    """More than the server takes; it must answer again once they are gone."""
    held = []
    for _ in range(1500):
        try:
            held.append(connect(2))
        except OSError:
            break
    for s in held:
        s.close()
    return f"{len(held)} opened"


run("data", "synth", "--out", "data", "--train", "1000", "--test", "10")
run("train", "--data", "data", "--model", "cnn", "--epochs", "1", "--out", "run")
server, port = start()
post(digit)
at_start = memory()
failed = 0
for attack in (slowloris, slow_bodies, huge_body, huge_headers, nonsense, smuggling, traversal, wrong_host, large_pictures, bombs_of_data,
               bombs_of_chunks, bombs_of_scans, bombs_of_gzip, bombs_of_json, abandoned, unread, truncated, wrong_pixels, greedy_requests,
               many_connections, kill_clients, too_many_connections, stop_while_asked, stop_while_bombed):
    try:
        result = attack()
        end = time.time() + 5
        while memory() - at_start > MAX_KEPT and time.time() < end:
            time.sleep(0.1)
        begin = time.time()
        assert post(digit)[0] == 200, "no answer afterwards"
        assert time.time() - begin < MAX_WAIT, f"an answer took {time.time() - begin:.1f} s afterwards"
        grown = memory() - at_start
        assert grown < MAX_KEPT, f"{grown >> 20} MiB more than at the start"
        print(f"held    {attack.__name__.replace('_', ' ')}: {result}; {grown >> 20} MiB above the start afterwards", flush=True)
    except Exception as error:  # the next attack is tried all the same
        failed += 1
        print(f"FAILED  {attack.__name__.replace('_', ' ')}: {type(error).__name__}: {error}", flush=True)
    if server.poll() is not None:
        print(f"FAILED  the server ended with {server.returncode}")
        failed += 1
        server, port = start()
        post(digit)
        at_start = memory()

server.send_signal(signal.SIGTERM)
if server.wait(MAX_END) != 0:
    failed += 1
    print(f"FAILED  SIGTERM ended the server with {server.returncode}")
print("all held" if not failed else f"{failed} failed")
sys.exit(failed != 0)
