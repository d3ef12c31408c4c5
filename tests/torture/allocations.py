#!/usr/bin/python3
"""Fails each allocation of each scenario, once and for ever after.

    allocations.py PORT SHIM-FILE LIGHTTPD-PID ours|libfcgi STRIDE [SCENARIO]

One responder behind lighttpd, with tests/torture/shim.c in it.  Of the
allocations of a scenario every STRIDE-th fails (with another beginning each
time), so that a short run tries some of each.
Exit status: 0 nothing but whole and right answers or errors that show, the
same responder all the time (libfcgi aside), which serves the next request and
has no more memory in the end.
"""

import asyncio
import json
import sys
import time

import chaos
import client
import shim

LEAK = 32768        # bytes: a connection to the model that is open or not
SPARE = 4           # large pieces that a responder keeps (fcgi/spare.h)
PATIENCE = 20       # seconds: whoever has no answer then hangs
COLD = client.prompt("reset", "the connection to the model ends")
NEXT = client.prompt("llama3.2", "the next one")


def fields(**more):
    return json.dumps({"model": "llama3.2", "prompt": "why?", **more}).encode()


SCENARIOS = {
    "plain": fields(),
    "stream": fields(stream=True),
    "context": fields(context=list(range(300))),
    "uncovered": fields(system="s", options={"seed": 1, "stop": ["a", "b"]}, format={"a": [1]}),
    "long prompt": fields(prompt="x\n" * 100000),
    "long reply": client.prompt("huge-200000", "x"),
    "chunked": client.prompt("chunked-7", "x"),
    "escapes": client.prompt("escapes", "x"),
    "not found": client.prompt("nope", "x"),
    "error without a word": client.prompt("status-500-big", "x"),
    "not signable": client.prompt("dup-response", "x"),
    "cut": client.prompt("cut-100", "x"),
    "bad request": b'{"model":',
}


class Torture:
    def __init__(self, port, shim_file, lighttpd, whose):
        self.port, self.shim = port, shim.Shim(shim_file)
        self.pool = chaos.Pool(int(lighttpd), ".")
        self.whose = {"ours": shim.OURS, "libfcgi": shim.LIBFCGI}[whose]
        self.said, self.tried, self.died = [], 0, {}
        self.responder = self.pool.responders()

    async def ask(self, request):
        return await client.Peer(self.port).ask(request, PATIENCE)

    def complain(self, where, what):
        self.said.append(f"{where}: {what}")

    async def good(self, where):
        """The next request is served; by another responder, if the last one died."""
        for _ in range(100):
            answer = await self.ask(NEXT)
            if answer.status() == 200:
                break
            if self.whose == shim.OURS:
                self.complain(where, f"the next request got {answer.status()}: {answer.body!r}")
            time.sleep(0.1)
        else:
            self.complain(where, "the next request was not served")
        wrong = client.check(answer, NEXT)
        if wrong:
            self.complain(where, f"the next answer: {wrong}")

    def check_responder(self, where):
        there = self.pool.responders()
        if there == self.responder:
            return
        self.responder = there
        caller = self.shim.caller()
        self.died[caller] = self.died.get(caller, 0) + 1
        if self.whose == shim.OURS:
            self.complain(where, f"the responder died after {caller}")

    async def fail(self, name, request, at, for_ever, cold):
        """Returns: whether there was such an allocation."""
        where = f"{name}, {'cold' if cold else 'warm'}, {at}{' and all after' if for_ever else ''}"
        if cold:
            await self.ask(COLD)
        self.shim.arm(self.whose, at, for_ever)
        answer = await self.ask(request)
        failed = self.shim["failed"]
        self.shim.disarm()
        self.tried += bool(failed)
        if answer.status() in ("late", "ConnectionRefusedError"):
            self.complain(where, answer.status())
        wrong = client.check(answer, request)
        if wrong:
            self.complain(where, f"{wrong}: {answer.head + answer.body[:300]!r}")
        await self.good(where)
        self.check_responder(where)
        return failed > 0

    async def scenario(self, name, request, stride, start):
        for cold in (False, True):
            for for_ever in (False, True):
                at = 1 + start % stride
                while await self.fail(name, request, at, for_ever, cold):
                    at += stride
                start += 1

    async def run(self, stride, scenarios):
        for _ in range(20):
            await self.good("before")
        before = self.shim["live"]
        for start, (name, request) in enumerate(scenarios.items()):
            await self.scenario(name, request, stride, start)
        for _ in range(20):
            await self.good("after")
        grown = self.shim["live"] - before
        if grown > LEAK and self.whose == shim.OURS:
            self.complain("memory", f"{grown} bytes more than before")
        if self.shim["large"] > SPARE and self.whose == shim.OURS:
            self.complain("memory", f"{self.shim['large']} large pieces")
        return grown


def main(port, shim_file, lighttpd, whose, stride, only=None):
    torture = Torture(port, shim_file, lighttpd, whose)
    scenarios = {only: SCENARIOS[only]} if only else SCENARIOS
    grown = asyncio.run(torture.run(int(stride), scenarios))
    print(json.dumps({"whose": whose, "failed in turn": torture.tried, "grown": grown,
                      "died": torture.died}))
    for line in torture.said[:40]:
        print(line)
    return int(bool(torture.said))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
