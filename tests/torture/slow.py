#!/usr/bin/python3
"""Normal clients beside thousands of slow ones.

    slow.py PORT SLOW SECONDS [LIGHTTPD-PID]

A third of the SLOW ones sends headers, a third a body, a byte every ten
seconds; a third reads its answer so.  Those that the server closes come again.
Eight normal clients are measured without and with them.
Exit status: 0 no normal client failed, and each of their answers verified.
"""

import json
import pathlib
import resource
import socket
import sys
import time

import client
import crowd

NORMAL = 8
MODEL = "slow-10"
PAUSE = 10      # seconds between two bytes
SETTLE = 2      # seconds until those that read have been answered
STEPS = 100     # of slow clients that are served one after the other in a PAUSE
BIG = client.prompt("huge-100000", "slow")
START = b"POST /api/generate HTTP/1.1\r\nHost: slow\r\n"


class Slow:
    """One slow client."""

    def __init__(self, port, kind):
        self.port, self.kind = port, kind
        self.socket, self.opened, self.refused = None, 0, 0
        self.open()

    def open(self):
        self.socket = socket.socket()
        if self.kind == "reads":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(5)
        self.opened += 1
        try:
            self.socket.connect(("127.0.0.1", self.port))
            self.socket.sendall({
                "headers": START,
                "body": START + b"Content-Length: 1000\r\n\r\n",
                "reads": START + b"Content-Length: %d\r\n\r\n%s" % (len(BIG), BIG)}[self.kind])
            self.socket.setblocking(False)
        except OSError:
            self.refused += 1
            self.close()

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def go_on(self):
        """A byte more; or a connection more, if the server has closed this one."""
        if not self.socket:
            self.open()
            return
        try:
            if self.kind != "reads":
                self.socket.send(b"x")
            if self.socket.recv(1) == b"":
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            self.open()


def memory(pid):
    """KB, resident."""
    if not pid:
        return None
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def hold(slow, seconds):
    """Keep them going for so long."""
    until, step = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        began = time.monotonic()
        for one in slow[step % STEPS::STEPS]:
            one.go_on()
        step += 1
        time.sleep(max(0, PAUSE / STEPS - (time.monotonic() - began)))


def measure(port, action):
    people = crowd.Crowd(port, NORMAL, MODEL, 1)
    action()
    return people.tally()


def raise_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def main(port, count, seconds, lighttpd=None):
    port, count, seconds = int(port), int(count), float(seconds)
    if count > raise_limit() - 100:
        print(f"{count} clients need as many descriptors")
        return 2
    alone = measure(port, lambda: time.sleep(min(seconds, 20)))
    empty = memory(lighttpd)
    began = time.monotonic()
    slow = []
    for i in range(count):
        slow.append(Slow(port, ("headers", "body", "reads")[i % 3]))
        time.sleep(0.0005)  # slow ones, not a flood of prompts
    opening = time.monotonic() - began
    hold(slow, SETTLE)
    beside = measure(port, lambda: hold(slow, seconds))
    full = memory(lighttpd)
    print(json.dumps({"slow": count, "seconds": seconds, "opened in s": round(opening, 1),
                      "open at the end": sum(one.socket is not None for one in slow),
                      "opened again": sum(one.opened - 1 for one in slow),
                      "refused": sum(one.refused for one in slow),
                      "alone": alone.summary(), "beside": beside.summary(),
                      "lighttpd KB": [empty, full]}))
    for one in slow:
        one.close()
    after = measure(port, lambda: time.sleep(2))
    for line in alone.wrong + beside.wrong + after.wrong:
        print(line)
    tallies = (alone, beside, after)
    return int(any(t.failed() or t.wrong or not t.good() for t in tallies))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
