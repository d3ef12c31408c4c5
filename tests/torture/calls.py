#!/usr/bin/python3
"""Fails, or kills at, each system call that a request makes, with strace.

    calls.py errors|kills responder|signer|lighttpd|model STRIDE CONF BUILD

Starts servers of its own, with the environment's settings and CONF.  What a
request calls is found out by tracing one; then each occurrence of each call
(every STRIDE-th of all cases) returns each of ERRORS, or gets a SIGKILL.
Exit status: 0 the client had a whole answer that verifies, an error or a part
of an answer each time, and the next request was served.
"""

import asyncio
import collections
import json
import os
import re
import signal
import subprocess
import sys
import time

import chaos
import client

ERRORS = ("EINTR", "EAGAIN", "ENOMEM", "EIO", "ENOSPC", "EMFILE", "ECONNRESET", "EPIPE")
PATIENCE = 20   # seconds: whoever has no answer then hangs
COMEBACK = 30   # seconds until the next request must have been served
LEAVES_ALONE = {"exit", "exit_group", "rt_sigreturn", "restart_syscall"}
COLD = client.prompt("reset", "the connection to the model ends")
REQUEST = client.prompt("llama3.2", "which system calls?")
NEXT = client.prompt("llama3.2", "the next one")


class Strace:
    """Attached until stop()."""

    def __init__(self, pid, *options):
        self.process = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), *options], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.attached = "attached" in line
        self.why = line

    def stop(self):
        """Detaches; it may wait for ever for what was killed under it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


class Servers:
    def __init__(self, conf, build):
        self.conf, self.build = conf, build
        self.port, self.model_port = os.environ["OYSTER_PORT"], os.environ["MODEL_PORT"]
        self.start_model()
        self.start_lighttpd()

    def start_model(self):
        self.model = subprocess.Popen([f"{self.build}/practice-model", "-p", self.model_port],
                                      stderr=subprocess.DEVNULL)

    def start_lighttpd(self):
        with open("lighttpd.log", "a", encoding="utf-8") as log:
            self.lighttpd = subprocess.Popen(
                [f"{self.build}/oyster-responder", "--check", "lighttpd", "-D", "-f", self.conf],
                stderr=log)
        self.pool = chaos.Pool(self.lighttpd.pid, ".")

    def mend(self):
        """What has ended is started again; responders are lighttpd's."""
        if self.model.poll() is not None:
            self.start_model()
        if self.lighttpd.poll() is not None:
            self.start_lighttpd()

    def pid(self, who):
        if who == "lighttpd":
            return self.lighttpd.pid
        if who == "model":
            return self.model.pid
        responder = self.pool.responders()[0]
        return responder if who == "responder" else self.pool.signers(responder)[0]

    def end(self):
        for process in (self.lighttpd, self.model):
            process.terminate()
            process.wait()


class Torture:
    def __init__(self, servers, who):
        self.servers, self.who = servers, who
        self.said, self.counts, self.tried = [], collections.Counter(), 0
        self.died = collections.Counter()

    def ask(self, request):
        return asyncio.run(client.Peer(self.servers.port).ask(request, PATIENCE))

    def come_back(self, where):
        """Until the next request is served."""
        until = time.monotonic() + COMEBACK
        while time.monotonic() < until:
            self.servers.mend()
            answer = self.ask(NEXT)
            self.judge(where, answer, NEXT)
            if answer.status() == 200:
                return
            time.sleep(0.05)
        self.said.append(f"{where}: the next request was not served: {answer.status()}")

    def judge(self, where, answer, request):
        wrong = client.check(answer, request)
        if answer.status() == "late":
            wrong = "no answer"
        if wrong:
            self.said.append(f"{where}: {wrong}: {answer.head + answer.body[:300]!r}")

    def trace(self):
        """How often one thread makes each call, at most."""
        strace = Strace(self.servers.pid(self.who), "-o", "calls.trace")
        if not strace.attached:
            raise SystemExit(strace.why)
        self.ask(REQUEST)
        time.sleep(0.1)
        strace.stop()
        counts = collections.Counter()
        with open("calls.trace", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                made = re.match(r"(\d+) +([a-z]\w*)\(", line)
                if made:
                    counts[made[1], made[2]] += 1
        most = {}
        for (_, call), count in counts.items():
            most[call] = max(count, most.get(call, 0))
        return {call: count for call, count in most.items() if call not in LEAVES_ALONE}

    def torment(self, call, what, at, cold):
        where = f"{self.who}, {call} {at} {what}{', cold' if cold else ''}"
        if cold:
            self.ask(COLD)
        victim = self.servers.pid(self.who)
        strace = Strace(victim, "-o", "/dev/null", "-e", f"trace={call}",
                        "-e", f"inject={call}:{what}:when={at}")
        if not strace.attached:
            self.come_back(where)
            return
        answer = self.ask(REQUEST)
        strace.stop()
        self.tried += 1
        self.counts[str(answer.status())] += 1
        self.judge(where, answer, REQUEST)
        self.come_back(where)
        if chaos.is_dead(victim) and not what.startswith("signal"):
            self.died[f"{call} {what.removeprefix('error=')}"] += 1

    def run(self, tricks, stride):
        self.come_back("before")
        calls = self.trace()
        cases = [(call, trick, at, cold) for call, count in sorted(calls.items())
                 for at in range(1, count + 1) for trick in tricks for cold in (False, True)]
        for case in cases[::stride]:
            self.torment(*case)
        return len(cases)


def main(how, who, stride, conf, build):
    servers = Servers(conf, build)
    torture = Torture(servers, who)
    tricks = ["signal=KILL"] if how == "kills" else [f"error={name}" for name in ERRORS]
    try:
        cases = torture.run(tricks, int(stride))
    finally:
        servers.end()
    print(json.dumps({"how": how, "who": who, "cases": cases, "tried": torture.tried,
                      "answers": torture.counts, "ended by": torture.died}))
    for line in torture.said[:40]:
        print(line)
    return int(bool(torture.said) or not torture.tried)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
