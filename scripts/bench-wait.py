#!/usr/bin/python3
"""bench-wait.py PORT CLIENTS: that many clients at once ask a model that takes
six seconds.  Prints how many were answered 200, and how many of those with
x-oyster-signature."""

import asyncio
import re
import resource
import sys

BODY = b'{"model":"slow-6000","prompt":"Why is the sky blue?"}'
REQUEST = (
    b"POST /api/generate HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
SIGNATURE = re.compile(rb"\r\nx-oyster-signature: [0-9a-f]{130}\r\n")
PATIENCE = 30  # seconds


async def ask(port):
    """The whole answer, or what came of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    finally:
        writer.close()


async def main(port, clients):
    answers = await asyncio.gather(
        *(ask(port) for _ in range(clients)), return_exceptions=True
    )
    good = [a for a in answers if isinstance(a, bytes) and a.startswith(b"HTTP/1.1 200 ")]
    print(len(good), sum(1 for a in good if SIGNATURE.search(a)))


_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
