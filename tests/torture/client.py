"""Prompts over HTTP/1.1, and every whole answer checked with the rules of verify.py.

verify.py does its arithmetic itself, in milliseconds; where each of thousands
of answers is to be checked as it comes, libsecp256k1 recovers the key.
"""

import argparse
import asyncio
import ctypes
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import verify  # noqa: E402

PATIENCE = 60   # seconds for an answer
CONTEXT_NONE = 1
UNCOMPRESSED = 2
LIBRARY = ctypes.CDLL("libsecp256k1.so.1")
LIBRARY.secp256k1_context_create.restype = ctypes.c_void_p
CONTEXT = ctypes.c_void_p(LIBRARY.secp256k1_context_create(CONTEXT_NONE))
HALF_ORDER = verify.SECP256k1.order // 2


def signer_of(digest, signature):
    """verify.signer_of, in microseconds."""
    verify.need(len(signature) == 65, "the signature is not of 65 bytes")
    verify.need(signature[64] in (27, 28), "the signature's last byte is not 27 or 28")
    verify.need(int.from_bytes(signature[32:64], "big") <= HALF_ORDER, "s is not the low one")
    parsed, key = ctypes.create_string_buffer(65), ctypes.create_string_buffer(64)
    public, size = ctypes.create_string_buffer(65), ctypes.c_size_t(65)
    verify.need(LIBRARY.secp256k1_ecdsa_recoverable_signature_parse_compact(
        CONTEXT, parsed, signature[:64], signature[64] - 27), "r or s out of range")
    verify.need(LIBRARY.secp256k1_ecdsa_recover(CONTEXT, key, parsed, digest),
                "the signature recovers to nothing")
    LIBRARY.secp256k1_ec_pubkey_serialize(CONTEXT, public, ctypes.byref(size), key, UNCOMPRESSED)
    return "0x" + verify.keccak256(public.raw[1:])[-20:].hex()


verify.signer_of = signer_of
OPTIONS = argparse.Namespace(address=verify.TEST_ADDRESS, slack=3600)


class Answer:
    """What came: whole, or the part of it that did."""

    def __init__(self, head=b"", body=b"", whole=False, why=""):
        self.head, self.body, self.whole, self.why = head, body, whole, why

    def status(self):
        """The status of a whole answer, else why there is none."""
        return int(self.head.split()[1]) if self.whole else self.why


def check(answer, request, options=OPTIONS):
    """What is wrong with an answer, or None.  A part of one is an error that shows."""
    if not answer.whole:
        return None
    files = {"method": b"POST", "path": b"/api/generate", "sent": b"", "request": request,
             "headers": answer.head, "body": answer.body, "status": b"%d" % answer.status()}
    try:
        exchange = verify.Exchange("answer", files.get)
        verify.receipt_rule(exchange, options)
        verify.exchange_rule(exchange, options)
    except verify.Wrong as why:
        return str(why)
    return None


def prompt(model, text):
    return json.dumps({"model": model, "prompt": text}).encode()


async def read_answer(reader):
    """Returns: the answer, and whether the connection can be used again."""
    head = b""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = {key.lower(): value for key, value in verify.headers_of(head)}
        body = await reader.readexactly(int(fields["content-length"]))
    except asyncio.IncompleteReadError as cut:
        return Answer(head or cut.partial, cut.partial if head else b"", why="cut"), False
    except OSError:
        return Answer(head, why="reset"), False
    return Answer(head, body, True), fields.get("connection") != "close"


class Peer:
    """A client with a connection, which it keeps if told so and if the server does."""

    def __init__(self, port, keep=False):
        self.port, self.keep = port, keep
        self.reader = self.writer = None
        self.reopened = 0   # kept connections that had been closed meanwhile

    async def ask(self, request, patience=PATIENCE):
        reused = self.writer is not None
        answer = await self.try_once(request, patience)
        if reused and not answer.whole and not answer.head:
            # Closed while it was idle, which any client takes for what it is.
            self.reopened += 1
            answer = await self.try_once(request, patience)
        return answer

    async def try_once(self, request, patience):
        try:
            return await asyncio.wait_for(self.exchange(request), patience)
        except asyncio.TimeoutError:
            self.close()
            return Answer(why="late")
        except OSError as why:
            self.close()
            return Answer(why=type(why).__name__)

    async def exchange(self, request):
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(b"POST /api/generate HTTP/1.1\r\nHost: torture\r\n%s"
                          b"Content-Length: %d\r\n\r\n%s" %
                          (b"" if self.keep else b"Connection: close\r\n", len(request), request))
        answer, again = await read_answer(self.reader)
        if not (again and self.keep):
            self.close()
        return answer

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Tally:
    """What became of many requests."""

    def __init__(self):
        self.counts, self.wrong, self.seconds = {}, [], []
        self.reopened = 0

    def add(self, answer, request, took):
        status = answer.status()
        self.counts[status] = self.counts.get(status, 0) + 1
        wrong = check(answer, request)
        if wrong and len(self.wrong) < 10:
            self.wrong.append(f"{wrong}: {answer.head + answer.body[:500]!r}")
        if status == 200:
            self.seconds.append(took)

    def merge(self, other):
        for status, count in other.counts.items():
            self.counts[status] = self.counts.get(status, 0) + count
        self.wrong += other.wrong
        self.seconds += other.seconds
        self.reopened += other.reopened

    def good(self):
        return self.counts.get(200, 0)

    def failed(self):
        return sum(self.counts.values()) - self.good()

    def quantile(self, part):
        """Milliseconds."""
        ordered = sorted(self.seconds) or [0]
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def summary(self):
        failed = {str(status): n for status, n in self.counts.items() if status != 200}
        return {"good": self.good(), "failed": failed, "wrong": len(self.wrong),
                "reopened": self.reopened, "p50 ms": round(self.quantile(0.5), 1),
                "p99 ms": round(self.quantile(0.99), 1), "most ms": round(self.quantile(1), 1)}


async def client(number, port, keep, stop, tally, ask):
    """Asks one prompt after the other until stop()."""
    peer, count = Peer(port, keep), 0
    while not stop():
        count += 1
        request = ask(f"{number}-{count}")
        began = time.monotonic()
        answer = await peer.ask(request)
        tally.add(answer, request, time.monotonic() - began)
    tally.reopened += peer.reopened
    peer.close()
