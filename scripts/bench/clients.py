#!/usr/bin/python3
"""clients.py wait PORT CLIENTS: that many clients at once ask a model that takes
        six seconds; prints how many were answered 200, and how many of those
        with x-oyster-signature
clients.py ask PORT MODEL BYTES: one request with a prompt of that many bytes;
        prints the milliseconds to its last byte, best of three
clients.py first PORT: asks until it is answered; prints when, in nanoseconds
clients.py times PORT COUNT: asks that often, one after the other"""

import asyncio
import re
import resource
import socket
import sys
import time

SIGNATURE = re.compile(rb"\r\nx-oyster-signature: [0-9a-f]{130}\r\n")
PATIENCE = 30  # seconds


def request(model, prompt):
    body = b'{"model":"%s","prompt":"%s","stream":false}' % (model.encode(), prompt)
    return (
        b"POST /api/generate HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


def ask(port, text):
    """The whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as s:
        s.sendall(text)
        answer = bytearray()
        while piece := s.recv(1 << 20):
            answer += piece
    return answer


async def ask_slow(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("slow-6000", b"Why is the sky blue?"))
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()


async def wait(port, clients):
    answers = await asyncio.gather(
        *(ask_slow(port) for _ in range(clients)), return_exceptions=True
    )
    good = [a for a in answers if isinstance(a, bytes) and a.startswith(b"HTTP/1.1 200 ")]
    print(len(good), sum(1 for a in good if SIGNATURE.search(a)))


def one(port, model, size):
    took = []
    for _ in range(3):
        text = request(model, b"y" * size)
        begun = time.monotonic()
        answer = ask(port, text)
        took.append(time.monotonic() - begun)
        assert answer.startswith(b"HTTP/1.1 200 "), bytes(answer[:200])
    print(f"{min(took) * 1000:.2f}")


def first(port):
    while True:
        try:
            if ask(port, request("llama3.2", b"x")).startswith(b"HTTP/1.1 200 "):
                return print(time.time_ns())
        except OSError:
            pass
        time.sleep(0.001)


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
what, port, *rest = sys.argv[1:]
if what == "wait":
    asyncio.run(wait(int(port), int(rest[0])))
elif what == "ask":
    one(int(port), rest[0], int(rest[1]))
elif what == "times":
    for _ in range(int(rest[0])):
        ask(int(port), request("llama3.2", b"Why is the sky blue?"))
else:
    first(int(port))
