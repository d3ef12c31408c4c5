#!/usr/bin/python3
"""http.py PORT matrix|framing|injection - requests that no client library would send.

Each is sent as it is on a connection of its own; every answer must be one of
those that are expected, with header fields of ours and lighttpd's alone, and
without a receipt unless it is a 200.  Prints what is not so, and how many
requests there were.  Whether the model has heard of them is for the caller.
"""

import re
import socket
import sys

PORT = int(sys.argv[1])
HOST = b"Host: localhost\r\n"
BODY = b'{"model":"m","prompt":"canary-plain"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CLOSE = b"Connection: close\r\n"
SECRET = b'{"model":"m","prompt":"canary-smuggled"}'
SMUGGLED = (b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(SECRET), SECRET))

FIELDS = """content-type content-length cache-control allow retry-after x-oyster-timestamp x-oyster-signature
content-digest x-oyster-request-digest signature-input signature date connection""".split()

METHODS = "GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT PROPFIND MKCOL FOO".split()

# Of Ollama 0.6.0's routes.go, and newer ones.
ROUTES = """/ /api/version /api/pull /api/push /api/tags /api/show /api/delete /api/create
/api/blobs/sha256:00 /api/copy /api/ps /api/chat /api/embed /api/embeddings /v1/chat/completions /v1/completions
/v1/embeddings /v1/models /v1/models/m /api/signout /api/me /api/web_search /api/experimental/aliases /v1/responses
/v1/messages""".split()

# Some of them are lighttpd's to refuse.
ODD = """/api/generatefoo /api/generate/ //api/generate /api//generate /x/../api/generate /api/./generate
/api/generate%00 /api/generate%2f /api/%67enerate /api/generate;x /API/generate /oyster /health/ /api/generate%0d%0a
/favicon.ico /errors/404.html""".split()

OURS = {"/api/generate": ("POST",), "/health": ("GET", "HEAD"), "/oyster/signer": ("GET", "HEAD")}

# What lighttpd makes of methods that it does not know, or that are not for a server.
NO_METHOD = (400, 404, 405, 501)

failures = []
count = 0


def send(raw):
    """All that comes back until the server closes."""
    global count
    count += 1
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while more := connection.recv(65536):
                got += more
        except ConnectionResetError:
            pass
    return got


def answers(got, is_head=False):
    """The answers, one behind the other, as (status, fields, body)."""
    found = []
    while got:
        head, _, got = got.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        match = re.fullmatch(rb"HTTP/1\.[01] (\d{3}) [\x20-\x7e]*", lines[0])
        if not match:
            raise ValueError("no status line: %r" % lines[0])
        fields = [tuple(line.split(b": ", 1)) for line in lines[1:]]
        length = int(dict((name.lower(), value) for name, value in fields).get(b"content-length", b"0"))
        if is_head or int(match[1]) < 200:
            length = 0
        found.append((int(match[1]), fields, got[:length]))
        got = got[length:]
    return found


def check(name, raw, expected, at_most=1, is_head=False):
    """expected: statuses of which the first answer has one, 0 for none at all."""
    try:
        found = answers(send(raw), is_head)
    except (ValueError, IndexError) as why:
        failures.append("%s: %s" % (name, why))
        return
    final = [answer for answer in found if answer[0] >= 200]
    if (final[0][0] if final else 0) not in expected:
        failures.append("%s: %d, not %s" % (name, final[0][0] if final else 0, expected))
    if len(final) > at_most:
        failures.append("%s: %d answers" % (name, len(final)))
    for status, fields, body in final:
        names = [field[0].decode("latin-1").lower() for field in fields]
        for odd in set(names) - set(FIELDS):
            failures.append("%s: a field %r" % (name, odd))
        if "x-oyster-signature" in names and status != 200:
            failures.append("%s: a receipt with %d" % (name, status))
        if status != 200 and body and not re.fullmatch(rb'\{"error":"[^"\\\n]*"\}\n', body):
            failures.append("%s: %r" % (name, body[:80]))


def expected_of(path, method):
    if method in ("CONNECT", "FOO"):
        return NO_METHOD
    if path in OURS:
        return (200, 400) if method in OURS[path] else (405,)
    return (404,) if path in ROUTES else (400, 404)


def matrix():
    for path in ROUTES + ODD + list(OURS):
        for method in METHODS:
            body = b"" if method in ("GET", "HEAD") else BODY.replace(b"plain", b"smuggled")
            if path == "/api/generate":
                body = b""
            raw = b"%b %b HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
                method.encode(), path.encode(), HOST, CLOSE, len(body), body)
            check("%s %s" % (method, path), raw, expected_of(path, method), is_head=method == "HEAD")


def post(fields=LENGTH, body=BODY, line=b"POST /api/generate HTTP/1.1\r\n", host=HOST):
    return line + host + CLOSE + fields + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
HIDDEN = b"0\r\n\r\n" + SMUGGLED

# name, request, statuses of which it must have one (0: closed without a word)
FRAMING = [
    ("a length", post(), (200,)),
    ("chunks", post(CHUNKED, CHUNKS), (200,)),
    ("a length and chunks", post(b"Content-Length: 5\r\n" + CHUNKED, HIDDEN), (400,)),
    ("chunks and a length", post(CHUNKED + b"Content-Length: 5\r\n", HIDDEN), (400,)),
    ("a length of all and chunks", post(b"Content-Length: %d\r\n" % len(HIDDEN) + CHUNKED, HIDDEN), (400,)),
    ("two lengths", post(LENGTH + b"Content-Length: 5\r\n", BODY + SMUGGLED), (400,)),
    ("two equal lengths", post(LENGTH + LENGTH), (400,)),
    ("a list of lengths", post(b"Content-Length: 5, 5\r\n", b"12345" + SMUGGLED), (400,)),
    ("a length with a plus", post(b"Content-Length: +5\r\n", b"12345" + SMUGGLED), (400,)),
    ("a hexadecimal length", post(b"Content-Length: 0x5\r\n", b"12345" + SMUGGLED), (400,)),
    ("a negative length", post(b"Content-Length: -1\r\n", SMUGGLED), (400,)),
    ("a length of no digits", post(b"Content-Length: a\r\n", SMUGGLED), (400,)),
    ("a length of a fraction", post(b"Content-Length: 1.0\r\n", SMUGGLED), (400,)),
    ("a length with a NUL", post(b"Content-Length: 5\0\r\n", SMUGGLED), (400,)),
    ("an empty length", post(b"Content-Length: \r\n", SMUGGLED), (400, 411)),
    ("a length of 2^31", post(b"Content-Length: 2147483648\r\n", b""), (413,)),
    ("a length of 2^63", post(b"Content-Length: 9223372036854775808\r\n", b""), (400, 413)),
    ("a length of 2^64", post(b"Content-Length: 18446744073709551616\r\n", b""), (400, 413)),
    ("a length of twenty digits", post(b"Content-Length: 99999999999999999999\r\n", b""), (400, 413)),
    ("no length", post(b"", SMUGGLED), (400, 411)),
    ("another coding", post(b"Transfer-Encoding: xchunked\r\n", HIDDEN), (501,)),
    ("two codings", post(b"Transfer-Encoding: gzip, chunked\r\n", HIDDEN), (400, 501)),
    ("chunked twice", post(CHUNKED + CHUNKED, HIDDEN), (400, 501)),
    ("identity", post(b"Transfer-Encoding: identity\r\n" + LENGTH), (400, 501)),
    ("a blank before the colon", post(b"Transfer-Encoding : chunked\r\n" + LENGTH, BODY + SMUGGLED), (400,)),
    ("a blank before the name", post(b" Transfer-Encoding: chunked\r\n" + LENGTH, BODY + SMUGGLED), (400, 200)),
    ("a vertical tab in the coding", post(b"Transfer-Encoding: \x0bchunked\r\n" + LENGTH, BODY + SMUGGLED), (400, 501)),
    ("a chunk of no size", post(CHUNKED, b"\r\n" + SMUGGLED), (400,)),
    ("a chunk of a negative size", post(CHUNKED, b"-1\r\n" + SMUGGLED), (400,)),
    ("a chunk of 0x5", post(CHUNKED, b"0x5\r\n12345\r\n" + HIDDEN), (400,)),
    ("a chunk of 2^64", post(CHUNKED, b"10000000000000000\r\n" + SMUGGLED), (400, 413)),
    ("a chunk longer than it says", post(CHUNKED, b"2\r\n12345\r\n" + HIDDEN), (400,)),
    ("chunks that do not end", post(CHUNKED, CHUNKS[:-5]), (400, 0)),
    ("a body that does not end", post(LENGTH, BODY[:-3]), (400, 0)),
    ("bare line feeds", post().replace(b"\r\n", b"\n"), (400,)),
    ("a bare carriage return", post(LENGTH + b"X: a\rContent-Length: 5\r\n"), (400,)),
    ("a NUL in a field", post(LENGTH + b"X: a\0b\r\n"), (400,)),
    ("a line without a colon", post(LENGTH + b"X\r\n"), (400,)),
    ("a field without a name", post(LENGTH + b": x\r\n"), (400,)),
    ("no host", post(host=b""), (400,)),
    ("two hosts", post(host=HOST + b"Host: other\r\n"), (400,)),
    ("a host with a path", post(host=b"Host: a/b\r\n"), (400,)),
    ("HTTP/2.0", post(line=b"POST /api/generate HTTP/2.0\r\n"), (400, 505)),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    ("HTTP/0.9", b"GET /health\r\n\r\n", (400, 505)),
    ("no version", post(line=b"POST /api/generate\r\n"), (400, 505)),
    ("three blanks", post(line=b"POST  /api/generate  HTTP/1.1\r\n"), (400, 404)),
    ("a GET with a body", post(line=b"GET /health HTTP/1.1\r\n", body=SMUGGLED, fields=b"Content-Length: %d\r\n" % len(SMUGGLED)), (400,)),
    # allowed, if odd
    ("a folded line", post(LENGTH + b"X: a\r\n b\r\n"), (200, 400)),
    ("an extension of a chunk", post(CHUNKED, CHUNKS.replace(b"\r\n", b";a=b\r\n", 1)), (200, 400)),
    ("a trailer", post(CHUNKED, CHUNKS[:-2] + b"Content-Length: 5\r\n\r\n"), (200, 400)),
    ("an odd expectation", post(LENGTH + b"Expect: 200-maybe\r\n"), (200, 417)),
    ("a method in its field", post(LENGTH + b"X-HTTP-Method-Override: DELETE\r\n"), (200,)),
    ("a path in its field", post(LENGTH + b"X-Original-URL: /api/delete\r\nX-Rewrite-URL: /api/delete\r\n"), (200,)),
]


def framing():
    for name, raw, expected in FRAMING:
        check(name, raw, expected)
    for name, raw, expected in FRAMING[2:32]:     # and the connection is not used on
        raw = raw.replace(CLOSE, b"")
        if name == "chunked twice":     # to lighttpd that is chunked: an empty body, then a request
            check(name + ", kept", raw.replace(b"smuggled", b"second"), (400,), at_most=2)
        else:
            check(name + ", kept", raw, expected)


def injection():
    for byte in range(256):
        one = b"a%cb" % byte
        check("nonce with %02x" % byte, post(LENGTH + b"x-oyster-nonce: " + one + b"\r\n"), (200, 400, 0))
        check("digest with %02x" % byte, post(LENGTH + b"content-digest: sha-256=:" + one + b":\r\n"), (400, 0))
        check("target with %02x" % byte, post(line=b"POST /api/generate?" + one + b" HTTP/1.1\r\n"), (200, 400))
        check("path with %02x" % byte, post(line=b"POST /api/generate" + one + b" HTTP/1.1\r\n"), (400, 404, 200 if byte == 63 else 404))
        check("method with %02x" % byte, post(line=b"PO" + one + b"ST /health HTTP/1.1\r\n"), NO_METHOD + (0,))
        check("length with %02x" % byte, post(b"Content-Length: " + one + b"\r\n"), (400, 411))
    for text in (b"%0d%0aX-Injected:%201", b"%0aX-Injected:%201", b"%00", b"\\r\\nX-Injected: 1", b"%e5%98%8a%e5%98%8dX-Injected"):
        check("query %r" % text, post(line=b"POST /api/generate?" + text.replace(b" ", b"") + b" HTTP/1.1\r\n"), (200, 400))
        check("nonce %r" % text, post(LENGTH + b"x-oyster-nonce: " + text + b"\r\n"), (400,))
    for model in (b"nope\\r\\nX-Injected: 1\\r\\n\\r\\n", b"nope\\u0000\\u000d\\u000aX-Injected: 1"):
        body = b'{"model":"' + model + b'","prompt":"x"}'
        found = answers(send(post(b"Content-Length: %d\r\n" % len(body), body)))
        if len(found) != 1 or found[0][0] != 404 or any(b"njected" in field[0] for field in found[0][1]):
            failures.append("model %r: %r" % (model, found))


{"matrix": matrix, "framing": framing, "injection": injection}[sys.argv[2]]()
print("\n".join(failures))
print("%d requests, %d failures" % (count, len(failures)))
sys.exit(bool(failures))
