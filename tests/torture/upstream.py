#!/usr/bin/python3
"""A model server that misbehaves, for 64 clients at once.

    upstream.py offsets PORT MODEL-PORT STRIDE RECORDED...
    upstream.py rows PORT PRACTICE-MODEL

offsets: recorded replies are cut, stalled and corrupted at each byte (every
STRIDE-th), by a model server on MODEL-PORT.  rows: each misbehaviour that
PRACTICE-MODEL --help names; the practice model runs already.
Exit status: 0 each 200 verified and was what the model had said, what was cut
or stalled was none, and the next requests were served.
"""

import asyncio
import collections
import json
import pathlib
import re
import subprocess
import sys

import client

CLIENTS = 64
TRICKS = ("cut", "stall", "corrupt")
NUMBERS = {"slow-N": "slow-100", "huge-N": "huge-100000", "big-head-N": "big-head-70000"}
ENDS_IT = {"abort"}     # that model server could not be asked again


class Recorded:
    """Replies as they were recorded, as they come over the wire."""

    def __init__(self, files):
        self.replies = []
        for file in files:
            self.replies += [self.wire(reply) for reply in json.loads(pathlib.Path(file).read_text())
                             if self.is_good(reply)]

    @staticmethod
    def is_good(reply):
        try:
            return reply["status"] == 200 and json.loads(reply["body"])["done"] is True
        except (KeyError, ValueError):
            return False

    @staticmethod
    def wire(reply):
        body = reply["body"].encode()
        return json.loads(body)["model"], b"".join((
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n",
            b"Content-Length: %d\r\n\r\n" % len(body), body))


class Model:
    """Asked with a prompt `TRICK NUMBER OFFSET'."""

    def __init__(self, replies):
        self.replies = replies

    async def answer(self, reader, writer):
        try:
            while await self.answer_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async def answer_one(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: ([0-9]+)", head)
        prompt = json.loads(await reader.readexactly(int(length[1])))["prompt"]
        trick, number, offset = prompt.split()
        sent = self.sent(trick, int(number), int(offset))
        writer.write(sent)
        await writer.drain()
        if trick == "stall":
            await reader.read(1)    # until the responder has given up
        return trick == "good"

    def sent(self, trick, number, offset):
        whole = self.replies[number][1]
        if trick in ("cut", "stall"):
            return whole[:offset]
        if trick == "corrupt":
            return whole[:offset] + bytes([whole[offset] ^ 1 << offset % 8]) + whole[offset + 1:]
        return whole


class Results:
    def __init__(self):
        self.counts, self.said = collections.Counter(), []

    def add(self, name, answer, request):
        self.counts[name.split()[0], answer.status()] += 1
        wrong = client.check(answer, request)
        if not answer.whole:
            wrong = answer.why
        if wrong:
            self.said.append(f"{name}: {wrong}: {answer.head + answer.body[:200]!r}")

    def tell(self):
        counts = collections.defaultdict(dict)
        for (name, status), count in sorted(self.counts.items(), key=str):
            counts[name][str(status)] = count
        print(json.dumps(counts))
        for line in self.said[:40]:
            print(line)
        return int(bool(self.said) or not self.counts)


async def crowd(port, cases, ask):
    """ask(peer, case), for all cases, by so many clients."""
    cases = iter(cases)

    async def one():
        peer = client.Peer(port, True)
        for case in cases:
            await ask(peer, case)
        peer.close()
    await asyncio.gather(*(one() for _ in range(CLIENTS)))


async def offsets(port, model_port, stride, *files):
    model = Model(Recorded(files).replies)
    server = await asyncio.start_server(model.answer, "127.0.0.1", int(model_port))
    results = Results()

    async def ask(peer, case):
        trick, number, offset = case
        name = f"{trick} {number} {offset}"
        request = client.prompt(model.replies[number][0], name)
        answer = await peer.ask(request)
        results.add(name, answer, request)
        if answer.status() == 200 and (trick in ("cut", "stall") or not
                                       model.sent(trick, number, offset).endswith(answer.body)):
            results.said.append(f"{name}: 200 for what the model did not say")
        if trick == "good" and answer.status() != 200:
            results.said.append(f"{name}: {answer.status()}")

    for trick in TRICKS:
        await crowd(port, ((trick, number, offset)
                           for number, (_, wire) in enumerate(model.replies)
                           for offset in range(number % int(stride), len(wire), int(stride))), ask)
        await crowd(port, (("good", number, 0) for number in range(len(model.replies))), ask)
    server.close()
    return results.tell()


def rows_of(practice_model):
    said = subprocess.run([practice_model, "--help"], capture_output=True, text=True, check=False)
    for row in re.findall(r"^  ([a-z][^ ,*]*)[,* ]", said.stdout + said.stderr, re.M):
        if row not in ENDS_IT and row != "anything":
            yield re.sub("-N$", "-100", re.sub("CODE", "500", NUMBERS.get(row, row)))


async def rows(port, practice_model):
    results = Results()

    async def ask(peer, case):
        request = client.prompt(case, "many at once")
        results.add(case, await peer.ask(request), request)

    names = list(rows_of(practice_model))
    for name in names:
        await crowd(port, [name] * CLIENTS, ask)
        await crowd(port, ["llama3.2"] * 8, ask)
    mixed = {name for name, status in results.counts if len(
        [1 for other, _ in results.counts if other == name]) > 1}
    results.said += [f"{name}: not the same for all" for name in sorted(mixed)]
    if results.counts["llama3.2", 200] != 8 * len(names) or len(names) < 60:
        results.said.append("the next requests were not served")
    return results.tell()


if __name__ == "__main__":
    KINDS = {"offsets": offsets, "rows": rows}
    sys.exit(asyncio.run(KINDS[sys.argv[1]](*sys.argv[2:])))
