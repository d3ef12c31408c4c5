#!/usr/bin/python3
"""Checks what the signatures say, independently of the C code and of ethers.

    verify.py [--address 0x...] [--slack SECONDS] [--no-exchange] DIRECTORY
    verify.py --vectors FILE

DIRECTORY holds exchanges as tests/lib.sh keeps them: NNNN.{method,path,sent,
request,status,headers,body}, NNNN.nocheck where an answer may go unsigned, and
NNNN.signer with the address where it is not the test key's.
--no-exchange is for programs that make receipts alone.
Exit status: 0 all is as it should be, 1 something is not, 2 usage.
"""

import argparse
import base64
import collections
import hashlib
import json
import pathlib
import re
import sys
import time

from Cryptodome.Hash import keccak
from ecdsa import SECP256k1, ellipticcurve

TEST_ADDRESS = "0x1a642f0e3c3af545e7acbd38b07251b3990914f1"
GENERATE = "/api/generate"
KNOWN = ("model", "prompt", "stream", "context")
UNCOVERED = ("system", "template", "suffix", "format", "raw", "images", "think",
             "truncate", "shift", "logprobs", "top_logprobs", "options")
DIGESTS = ("content-digest", "x-oyster-request-digest")
UNSIGNABLE = ((500, b'{"error":"the answer could not be signed"}\n'),
              (503, b'{"error":"the signer does not answer"}\n'))
COMPONENTS = '("@status" "@method";req "@path";req "content-digest" "x-oyster-request-digest")'


class Wrong(Exception):
    """What is wrong with an exchange, for people."""


def need(condition, text):
    if not condition:
        raise Wrong(text)


# --- JSON that keeps what it read ---

class Number(str):
    """A number as it was written."""


class Object(dict):
    """Of a key that stands twice, `twice` knows."""

    def __init__(self, pairs):
        super().__init__(pairs)
        counts = collections.Counter(key for key, _ in pairs)
        self.twice = {key for key, count in counts.items() if count > 1}


def not_json(word):
    raise Wrong(f"{word} is not JSON")


def parse_object(data):
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=Object,
                           parse_int=Number, parse_float=Number,
                           parse_constant=not_json)
    except (ValueError, RecursionError) as why:
        raise Wrong(f"not JSON: {why}") from why
    need(isinstance(value, Object), "not a JSON object")
    return value


def text_of(fields, key):
    """A string's bytes; absent and null are empty."""
    need(key not in fields.twice, f"{key} stands twice")
    value = fields.get(key)
    if value is None:
        return b""
    need(isinstance(value, str) and not isinstance(value, Number), f"{key} is not a string")
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as why:
        raise Wrong(f"{key} has half of a surrogate pair") from why


def context_of(fields):
    need("context" not in fields.twice, "context stands twice")
    tokens = [] if fields.get("context") is None else fields["context"]
    need(isinstance(tokens, list) and
         all(isinstance(token, Number) and re.fullmatch("-?[0-9]+", token) for token in tokens),
         "context is not an array of integers")
    return f"[{','.join(tokens)}]".encode()


def sets_uncovered(fields):
    return [key for key in UNCOVERED if fields.get(key) not in (None, "", {}, [], False)]


# --- cryptography ---

def keccak256(data):
    return keccak.new(digest_bits=256, data=data).digest()


def abi_encode(strings):
    head, tail = b"", b""
    for string in strings:
        head += (32 * len(strings) + len(tail)).to_bytes(32, "big")
        tail += len(string).to_bytes(32, "big") + string + bytes(-len(string) % 32)
    return head + tail


def receipt_digest(seconds, strings):
    return keccak256(b"|oyster-hasher||timestamp|" + seconds.to_bytes(8, "big") +
                     b"|ollama_signature_parameters|" + abi_encode(strings))


def signer_of(digest, signature):
    """The address that made r[32] s[32] v[1]."""
    curve, n, p = SECP256k1.curve, SECP256k1.order, SECP256k1.curve.p()
    need(len(signature) == 65, "the signature is not of 65 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    odd = signature[64] - 27
    need(odd in (0, 1), "the signature's last byte is not 27 or 28")
    need(0 < r < n and 0 < s <= n // 2, "r or s out of range, or s not the low one")
    y = pow(r ** 3 + 7, (p + 1) // 4, p)
    need(y * y % p == (r ** 3 + 7) % p, "r is not on the curve")
    y = y if y % 2 == odd else p - y
    point = ellipticcurve.PointJacobi(curve, r, y, 1, n)
    e, inverse = int.from_bytes(digest, "big"), pow(r, -1, n)
    key = SECP256k1.generator.mul_add(-e * inverse % n, point, s * inverse % n)
    need(key != ellipticcurve.INFINITY, "the signature recovers to nothing")
    public = key.x().to_bytes(32, "big") + key.y().to_bytes(32, "big")
    return "0x" + keccak256(public)[-20:].hex()


# --- exchanges ---

class Exchange:
    def __init__(self, name, read):
        self.name = name
        self.method = read("method").decode().strip()
        target = read("path").decode().strip()
        self.path = re.sub("^http://[^/]*", "", target).split("?")[0]
        self.status = int(read("status"))
        self.request = read("request")
        self.body = read("body")
        self.sent = headers_of(read("sent"))
        self.headers = headers_of(read("headers"))
        self.nocheck = read("nocheck") is not None
        self.signer = (read("signer") or b"").decode()

    @classmethod
    def load(cls, directory, name):
        def read(kind):
            path = directory / f"{name}.{kind}"
            return path.read_bytes() if path.exists() else None
        return cls(name, read)

    def header(self, name):
        """The value, None without one; ours are in lower case and there once."""
        values = [value for key, value in self.headers if key.lower() == name]
        need(len(values) < 2, f"{name} stands twice")
        need(not values or not name.startswith("x-oyster-") or (name, values[0]) in self.headers,
             f"{name} is not in lower case")
        return values[0] if values else None

    def sent_header(self, name):
        values = [value for key, value in self.sent if key.lower().replace("_", "-") == name]
        return ", ".join(values)

    def is_generate(self):
        return self.method == "POST" and self.path == GENERATE


def headers_of(data):
    lines = [line for line in data.decode("latin-1").splitlines() if ":" in line]
    return [(key, value.strip(" \t")) for key, value in (line.split(":", 1) for line in lines)]


def objects_of_answer(exchange, streamed):
    """The object that carries the text, and the final one: often the same."""
    kind = exchange.header("content-type")
    if not streamed:
        need(kind == "application/json; charset=utf-8", f"content-type is {kind}")
        only = parse_object(exchange.body)
        return only, only
    need(kind == "application/x-ndjson", f"content-type is {kind}")
    lines = exchange.body.split(b"\n")
    need(len(lines) == 3 and lines[2] == b"", "not two lines with a line feed each")
    first, last = (parse_object(line) for line in lines[:2])
    need(first.get("done") is False, "the first line says that it is the last")
    need(text_of(last, "response") == b"", "the last line has text of its own")
    need(context_of(first) == context_of(last), "the lines have different contexts")
    return first, last


def check_final(request, final):
    need(text_of(final, "model") == text_of(request, "model"), "the answer is from another model")
    need(final.get("done") is True and "done" not in final.twice, "done is not true, once")
    for key in ("error", "remote_host", "remote_model"):
        need(not final.get(key), f"{key} is set")


def check_receipt(address, seconds, signature, request, reply):
    """What a verifier does that has the two objects and the two headers."""
    need(re.fullmatch("0|[1-9][0-9]{0,18}", seconds), "x-oyster-timestamp is not decimal")
    need(re.fullmatch("[0-9a-f]{130}", signature), "x-oyster-signature is not 130 digits")
    digest = receipt_digest(int(seconds), [
        text_of(reply, "model"), text_of(request, "prompt"), context_of(request),
        text_of(reply, "response"), context_of(reply)])
    signer = signer_of(digest, bytes.fromhex(signature))
    need(signer == address, f"x-oyster-signature is that of {signer}")


def receipt_rule(exchange, options):
    """x-oyster-signature: there when it should be, and then right."""
    seconds, signature = (exchange.header(f"x-oyster-{name}") for name in ("timestamp", "signature"))
    need((seconds is None) == (signature is None), "x-oyster-timestamp or -signature is alone")
    if signature is None and (exchange.nocheck or not exchange.is_generate() or exchange.status != 200):
        return
    request = parse_object(exchange.request)
    uncovered = sets_uncovered(request)
    if signature is None:
        need(uncovered, "no x-oyster-signature on an answer that should have it")
        return
    need(exchange.status == 200, "x-oyster-signature on a failure")
    need(exchange.is_generate(), "x-oyster-signature on what is no answer to a prompt")
    need(not uncovered, f"x-oyster-signature, but not over {uncovered}")
    for key in UNCOVERED + KNOWN:
        need(key not in request.twice, f"{key} stands twice in the request")
    reply, final = objects_of_answer(exchange, request.get("stream") is True)
    check_final(request, final)
    need(text_of(reply, "model") == text_of(final, "model"), "the lines name different models")
    check_receipt(exchange.signer or options.address, seconds, signature, request, reply)
    need(abs(int(seconds) - time.time()) <= options.slack, "x-oyster-timestamp is not now")


def digest_header(data):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


def signature_base(exchange, parameters):
    lines = [f'"@status": {exchange.status}', f'"@method";req: {exchange.method}',
             f'"@path";req: {exchange.path}']
    lines += [f'"{name}": {exchange.header(name)}' for name in DIGESTS]
    return "\n".join(lines + [f'"@signature-params": {parameters}']).encode()


def exchange_rule(exchange, options):
    """RFC 9421: the signature over the whole exchange."""
    names = DIGESTS + ("signature-input", "signature")
    there = [name for name in names if exchange.header(name) is not None]
    served = exchange.is_generate() or (exchange.method in ("GET", "HEAD") and
                                        exchange.path in ("/health", "/oyster/signer"))
    if not there:
        # What lighttpd refuses by itself has none of the responder's headers, and
        # without a signer there are two things left to say.
        refused = exchange.status >= 400 and exchange.header("cache-control") is None
        unsignable = (exchange.status, exchange.body) in UNSIGNABLE
        need(not served or refused or unsignable, "no exchange signature")
        return
    need(served, "an exchange signature on what is not served")
    need(len(there) == len(names), f"of the exchange signature only {there}")
    need(exchange.header("x-oyster-request-digest") == digest_header(exchange.request),
         "x-oyster-request-digest is not that of the request")
    need(exchange.header("content-digest") == digest_header(exchange.body),
         "content-digest is not that of the body")
    parameters = exchange.header("signature-input").removeprefix("oyster=")
    created = re.search("created=(0|[1-9][0-9]*)", parameters)
    need(created, "signature-input without created")
    nonce = exchange.sent_header("x-oyster-nonce")
    if not re.fullmatch("[A-Za-z0-9._~+/=-]{1,128}", nonce):
        nonce = None
    expected = f"{COMPONENTS};created={created[1]}"
    expected += f';nonce="{nonce}"' if nonce else ""
    address = exchange.signer or options.address
    expected += f';keyid="{address}";tag="oyster"'
    need(parameters == expected, f"signature-input is not {expected}")
    need(exchange.header("x-oyster-timestamp") in (None, created[1]), "two different times")
    need(abs(int(created[1]) - time.time()) <= options.slack, "created is not now")
    value = re.fullmatch("oyster=:([A-Za-z0-9+/]+=*):", exchange.header("signature"))
    need(value, "signature is not of the form oyster=:...:")
    base = signature_base(exchange, parameters)
    digest = keccak256(b"\x19Ethereum Signed Message:\n" + str(len(base)).encode() + base)
    signer = signer_of(digest, base64.b64decode(value[1]))
    need(signer == address, f"signature is that of {signer}")


# --- recorded cases ---

def check_receipt_case(case, options):
    check_receipt(options.address, str(case["timestamp"]), case["signature"],
                  parse_object(case["request_body"].encode()),
                  parse_object(case["upstream_body"].encode()))


def check_exchange_case(case, options):
    headers = {"content-digest": case["content_digest"],
               "x-oyster-request-digest": case["request_digest"],
               "signature-input": case["signature_input"], "signature": case["signature"]}
    need(f"created={case['created']};" in case["signature_input"], "created differs")
    files = {"method": case["method"], "path": case["path"], "status": str(case["status"]),
             "request": case["request_body"], "body": case["response_body"],
             "sent": f"x-oyster-nonce: {case['nonce']}\n" if case["nonce"] else "",
             "headers": "".join(f"{key}: {value}\n" for key, value in headers.items())}
    read = lambda kind: files[kind].encode() if kind in files else None
    exchange_rule(Exchange(case["name"], read), options)


def vectors(options):
    with open(options.vectors, encoding="utf-8") as file:
        known = json.load(file)
    options.slack = float("inf")
    cases, check = (known, check_exchange_case)
    if isinstance(known, dict):
        cases, check = (known["cases"], check_receipt_case)
    for case in cases:
        yield case["name"], [(check, case)]


def exchanges(options):
    rules = [receipt_rule] if options.no_exchange else [receipt_rule, exchange_rule]
    directory = pathlib.Path(options.directory)
    for path in sorted(directory.glob("*.status")):
        exchange = Exchange.load(directory, path.stem)
        name = f"{exchange.name} {exchange.method} {exchange.path} {exchange.status}"
        yield name, [(rule, exchange) for rule in rules]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default=TEST_ADDRESS)
    parser.add_argument("--no-exchange", action="store_true")
    parser.add_argument("--slack", type=float, default=3600)
    parser.add_argument("--vectors")
    parser.add_argument("directory", nargs="?")
    options = parser.parse_args()
    if bool(options.vectors) == bool(options.directory):
        parser.error("one of DIRECTORY and --vectors is needed")
    return options


def main():
    options = arguments()
    count = wrong = 0
    for name, checks in (vectors if options.vectors else exchanges)(options):
        count += 1
        for check, what in checks:
            try:
                check(what, options)
            except Wrong as why:
                wrong += 1
                print(f"{name}: {why}")
    print(f"{count} checked, {wrong} wrong")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
