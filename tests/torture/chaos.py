#!/usr/bin/python3
"""Kills what serves while clients ask, and tells what came of it.

    chaos.py responder|signer|model|restart SECONDS EVERY LIGHTTPD-PID RUN-DIR PORT MODEL-PORT PRACTICE-MODEL

32 clients, half of which keep their connections.  Every EVERY seconds a
responder, a signer or the model server is killed, or lighttpd told to restart
gracefully (SIGUSR1).  The model server is started again at once.
Exit status: 0 every 200 verified; no more failed than were in flight in what
was killed; the pool became whole each time; nothing has grown.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import crowd

CLIENTS = 32
MODEL = "slow-10"   # milliseconds that an answer takes
WHOLE_LIMIT = 10    # seconds until it counts as never
SETTLE = 8          # seconds without load until threads have ended
LISTENS = "00010000"    # a flag in /proc/net/unix
SPARE = 2 * 32 * 3  # descriptors of handles that both responders may keep


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def children(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def is_dead(pid):
    stat = read(f"/proc/{pid}/stat")
    return not stat or stat.rsplit(")", 1)[1].split()[0] in "ZX"


def threads(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def listener_of(responder):
    """The inode of the socket that it accepts from."""
    return os.readlink(f"/proc/{responder}/fd/0")[len("socket:["):-1]


def unix_sockets():
    """With a name: inode, name, whether it listens."""
    for line in read("/proc/net/unix").splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7:
            yield fields[6], fields[7], fields[3] == LISTENS


def is_there(listener):
    return any(inode == listener for inode, _, _ in unix_sockets())


def count_connections(listener):
    sockets = list(unix_sockets())
    name = next((name for inode, name, _ in sockets if inode == listener), None)
    return sum(other == name and not listens for _, other, listens in sockets)


def in_flight(listener):
    """Connections that were accepted or wait to be."""
    # The table changes while it is read, and may lack some then.
    return max(count_connections(listener) for _ in range(5))


class Pool:
    """The processes below a lighttpd."""

    def __init__(self, lighttpd, run_dir):
        self.lighttpd, self.run_dir = lighttpd, os.path.realpath(run_dir)

    def responders(self):
        return [pid for pid in children(self.lighttpd) if not is_dead(pid)
                and read(f"/proc/{pid}/comm") == "oyster-responde\n"]

    def signers(self, responder):
        return [pid for pid in children(responder) if not is_dead(pid)
                and read(f"/proc/{pid}/comm") == "oyster-signer\n"]

    def is_whole(self):
        there = self.responders()
        return len(there) == 2 and all(len(self.signers(pid)) == 1 and threads(pid) > 1
                                       for pid in there)

    def wait_until_whole(self, since, gone):
        """Seconds until those that are gone were replaced, or None."""
        while time.monotonic() - since < WHOLE_LIMIT:
            if self.is_whole() and not set(gone) & set(self.responders()):
                return time.monotonic() - since
            time.sleep(0.002)
        return None

    def everyone(self):
        pids = [self.lighttpd]
        for responder in self.responders():
            pids += [responder] + self.signers(responder)
        return pids

    def size(self):
        """Processes, descriptors, KB of resident memory."""
        pids = self.everyone()
        resident = sum(int(line.split()[1]) for pid in pids
                       for line in read(f"/proc/{pid}/status").splitlines()
                       if line.startswith("VmRSS:"))
        descriptors = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
        return {"processes": len(pids), "descriptors": descriptors, "KB": resident}


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    while read(f"/proc/{pid}/stat").rsplit(")", 1)[-1].split()[:1] not in (["T"], ["Z"], []):
        pass


class Chaos:
    def __init__(self, pool, model_port, practice_model):
        self.pool = pool
        self.model_port, self.practice_model = model_port, practice_model
        self.model = self.start_model()
        self.turn = self.kills = self.allowed = 0

    def start_model(self):
        return subprocess.Popen([self.practice_model, "-p", self.model_port],
                                stderr=subprocess.DEVNULL)

    def end(self):
        self.model.terminate()
        self.model.wait()

    def kill_pair(self, pick):
        """While lighttpd stands still, so that what is in flight can be counted."""
        responder = sorted(self.pool.responders())[self.turn % 2]
        self.turn += 1
        stop(self.pool.lighttpd)
        listener = listener_of(responder)
        self.allowed += in_flight(listener)
        since = time.monotonic()
        os.kill(pick(responder), signal.SIGKILL)
        while not is_dead(responder) or is_there(listener):
            time.sleep(0.0005)  # threads of it may still take connections in
        os.kill(self.pool.lighttpd, signal.SIGCONT)
        return since, [responder]

    def responder(self):
        return self.kill_pair(lambda responder: responder)

    def signer(self):
        return self.kill_pair(lambda responder: self.pool.signers(responder)[0])

    def restart(self):
        gone = self.pool.responders()
        since = time.monotonic()
        os.kill(self.pool.lighttpd, signal.SIGUSR1)
        return since, gone

    def kill_model(self):
        since = time.monotonic()
        self.model.kill()
        self.model.wait()
        self.model = self.start_model()
        return since, []


def percent(times, part):
    times = sorted(times)
    return round(1000 * times[min(len(times) - 1, int(part * len(times)))], 1)


def play(chaos, trick, seconds, every, port):
    """Returns: the tally, and the seconds until the pool was whole, each time."""
    people = crowd.Crowd(port, CLIENTS, MODEL)
    began, times = time.monotonic(), []
    time.sleep(every / 2)
    while time.monotonic() - began < seconds:
        since, gone = trick()
        chaos.kills += 1
        times.append(chaos.pool.wait_until_whole(since, gone))
        time.sleep(max(0, every - (time.monotonic() - since)))
    return people.tally(), times


def has_grown(before, after):
    """What is more than before, in words."""
    if after["processes"] != before["processes"]:
        yield "there are more or fewer processes than before"
    if after["descriptors"] > before["descriptors"] + SPARE:
        yield "there are more descriptors than before"
    if after["KB"] > before["KB"] * 1.1 + 2048:
        yield "there is more memory than before"


def settle(pool, before):
    """The size without load, once threads have ended."""
    until = time.monotonic() + SETTLE
    while list(has_grown(before, pool.size())) and time.monotonic() < until:
        time.sleep(0.1)
    return pool.size()


def judge(kind, chaos, tally, before, after):
    """What is wrong, in words."""
    said = tally.wrong[:]
    refused = tally.counts.get(502, 0) if kind == "model" else 0
    if tally.failed() - refused > chaos.allowed:
        said.append(f"{tally.failed()} failed, {chaos.allowed} were in flight")
    if not tally.good():
        said.append("nothing was answered")
    said += has_grown(before, after)
    return said


def main(kind, seconds, every, lighttpd, run_dir, port, model_port, practice_model):
    pool = Pool(int(lighttpd), run_dir)
    chaos = Chaos(pool, model_port, practice_model)
    trick = {"responder": chaos.responder, "signer": chaos.signer,
             "model": chaos.kill_model, "restart": chaos.restart}[kind]
    time.sleep(0.5)
    warm = crowd.Crowd(port, CLIENTS, MODEL)
    time.sleep(2)
    said = warm.tally().wrong
    time.sleep(SETTLE)
    before = pool.size()
    tally, times = play(chaos, trick, float(seconds), float(every), port)
    after = settle(pool, before)
    said += judge(kind, chaos, tally, before, after)
    if None in times:
        said.append("the pool did not become whole")
        times = [WHOLE_LIMIT if t is None else t for t in times]
    chaos.end()
    print(json.dumps({"kind": kind, "kills": chaos.kills, "in flight": chaos.allowed, **tally.summary(),
                      "whole ms": {"p50": percent(times, 0.5), "p99": percent(times, 0.99),
                                   "within 200": sum(t <= 0.2 for t in times)},
                      "before": before, "after": after}))
    for line in said:
        print(line)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
