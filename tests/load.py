#!/usr/bin/python3
"""Asks many prompts at once, and checks that each gets its own answer, signed.

    load.py URL CLIENTS REQUESTS MODEL [DIRECTORY [EVERY]]

CLIENTS connections, each of which asks one prompt after the other until
REQUESTS were asked.  One answer in EVERY is kept in DIRECTORY as tests/lib.sh
keeps it, for the checkers.  Exit status: 0 all were answered, each with status
200, its own prompt and a signature of its own.
"""

import asyncio
import collections
import json
import pathlib
import sys


async def read_answer(reader):
    """Head and body as bytes."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = [line.split(b":", 1) for line in head.split(b"\r\n")[1:] if line]
    names = {name.lower(): value.strip() for name, value in fields}
    return head, names, await reader.readexactly(int(names[b"content-length"]))


def problem(number, head, names, body, seen):
    """What is wrong with an answer, or None."""
    status = head.split()[1].decode()
    if status != "200":
        return f"status {status}"
    answer = json.loads(body)
    if answer["response"] != f"practice: you said: prompt {number}":
        return "another one's answer"
    signature = names.get(b"x-oyster-signature")
    if signature is None:
        return "unsigned"
    if signature in seen:
        return "another one's signature"
    seen.add(signature)
    return None


def keep(options, number, request, head, body):
    name = f"load-{options.model.replace('.', '')}-{number:05}"
    files = {"method": b"POST\n", "path": b"/api/generate\n", "sent": b"", "request": request,
             "headers": head, "body": body, "status": head.split()[1] + b"\n"}
    for kind, content in files.items():
        (options.directory / f"{name}.{kind}").write_bytes(content)


async def client(options, numbers, seen, problems):
    reader, writer = await asyncio.open_connection(options.host, options.port)
    for number in numbers:
        request = json.dumps({"model": options.model, "prompt": f"prompt {number}"}).encode()
        writer.write(b"POST /api/generate HTTP/1.1\r\nHost: load\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (len(request), request))
        head, names, body = await read_answer(reader)
        wrong = problem(number, head, names, body, seen)
        if wrong:
            problems[wrong] += 1
        elif options.directory and number % options.every == 0:
            keep(options, number, request, head, body)
    writer.close()


async def load(options):
    numbers = iter(range(options.requests))
    seen, problems = set(), collections.Counter()
    ends = await asyncio.wait_for(
        asyncio.gather(*(client(options, numbers, seen, problems) for _ in range(options.clients)),
                       return_exceptions=True), 120)
    for end in ends:
        if end is not None:
            problems[repr(end)] += 1
    print(f"{len(seen)} of {options.requests} answered and signed")
    for wrong, count in problems.items():
        print(f"{count}: {wrong}")
    return len(seen) == options.requests and not problems


class Options:
    def __init__(self, url, clients, requests, model, directory=None, every="100"):
        self.host, port = url.removeprefix("http://").split(":")
        self.port, self.clients, self.requests = int(port), int(clients), int(requests)
        self.model, self.every = model, int(every)
        self.directory = pathlib.Path(directory) if directory else None


if __name__ == "__main__":
    sys.exit(not asyncio.run(load(Options(*sys.argv[1:]))))
