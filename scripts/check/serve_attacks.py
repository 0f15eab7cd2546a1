#!/usr/bin/env python3
"""Attacks digitrec serve on loopback, one way after another. After each, the server must answer within a second and its memory be
bounded. Exit code 0 when all held.

Needs nothing beyond Python's own library and a built digitrec. Takes one to two minutes.
"""
import http.client
import os
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
MAX_MEMORY = 600 << 20  # above what the server held at the start
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


digit = png(40, 40, zlib.compress(b"".join(b"\0" + bytes(255 if 18 <= x <= 22 and 5 <= y < 35 else 0 for x in range(40)) for y in range(40))))


def memory():
    for line in open(f"/proc/{server.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) << 10
    return 0


def connect(timeout=30):
    return socket.create_connection(("127.0.0.1", port), timeout)


def request(head, body=b"", timeout=30):
    """Sends bytes as they are; gives the status line, or what went wrong."""
    try:
        with connect(timeout) as s:
            s.sendall(head.encode() + body)
            return s.recv(4096).split(b"\r\n", 1)[0].decode(errors="replace")
    except OSError as error:
        return type(error).__name__


def post(body, kind="image/png", path="/api/predict"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, body, {"Content-Type": kind})
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, text


# ---- the attacks: each gives what came back

def slowloris():
    """500 connections, each a byte of a request now and then."""
    held = [connect() for _ in range(500)]
    for s in held:
        s.sendall(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\n")
    worst = 0
    end = time.time() + 25
    while time.time() < end:
        for s in held:
            try:
                s.sendall(b"X")
            except OSError:
                pass
        begin = time.time()
        assert post(digit)[0] == 200
        worst = max(worst, time.time() - begin)
        time.sleep(1)
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
    return f"others waited {1000 * worst:.0f} ms at most; all 500 cut off"


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


def traversal():
    paths = ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/style.css/../../../etc/passwd"]
    answers = [request(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n") for path in paths]
    assert all(" 404 " in a or " 400 " in a for a in answers), answers
    return ", ".join(sorted(set(answers)))


def wrong_host():
    answers = [request(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n") for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example")]
    answers.append(request(f"POST /api/corrections HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n"))
    assert [a.split()[1] for a in answers] == ["421", "421", "421", "403"], answers
    return "421 and 403"


def bombs():
    """Pictures that are small as files and enormous as pixels."""
    large = png(30_000, 30_000, zeros(30_001 * 30_000))
    wide = png(1_000_000, 1_000_000, b"")
    within = png(4000, 4000, zeros(4001 * 4000))
    jpeg = bytes.fromhex("ffd8ffdb004300") + b"\x10" * 64 + bytes.fromhex("ffc0000b08ea60ea6001011100") + bytes.fromhex("ffda0008010100003f00") + bytes(1000) + b"\xff\xd9"
    statuses = []
    for body, kind in ((large, "image/png"), (wide, "image/png"), (jpeg, "image/jpeg"), (within, "image/png")):
        statuses.append(post(body, kind)[0])
    threads = [threading.Thread(target=post, args=(within,)) for _ in range(64)]
    peak = 0
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        peak = max(peak, memory() - at_start)
        time.sleep(0.05)
    assert statuses == [422] * 4, statuses
    assert peak < MAX_MEMORY, f"{peak >> 20} MiB"
    return f"422; 64 at once of 16 million pixels took {peak >> 20} MiB at most"


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
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)
        for t in threads:
            t.join()
        for connection in held:
            connection.close()
        assert code == 0, f"ended with {code}"
        server, port = start()
    post(digit)
    at_start = memory()
    return "8 times"


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
for attack in (slowloris, slow_bodies, huge_body, huge_headers, nonsense, traversal, wrong_host, bombs, truncated, wrong_pixels,
               greedy_requests, many_connections, kill_clients, too_many_connections, stop_while_asked):
    try:
        result = attack()
        time.sleep(0.2)
        begin = time.time()
        assert post(digit)[0] == 200, "no answer afterwards"
        assert time.time() - begin < 1, f"an answer took {time.time() - begin:.1f} s afterwards"
        grown = memory() - at_start
        assert grown < MAX_MEMORY, f"{grown >> 20} MiB more than at the start"
        print(f"held    {attack.__name__.replace('_', ' ')}: {result}; {grown >> 20} MiB above the start", flush=True)
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
if server.wait(30) != 0:
    failed += 1
    print(f"FAILED  SIGTERM ended the server with {server.returncode}")
print("all held" if not failed else f"{failed} failed")
sys.exit(failed != 0)
