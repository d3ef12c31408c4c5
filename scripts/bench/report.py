#!/usr/bin/python3
"""report.py DIR [README]: DIR/samples as tables (table.md), as table.csv and as
what gnuplot draws (*.dat); with README, table.md goes between its two marks.

A sample is a line:
    run SIZE CLIENTS TARGET ANSWERS MICROSECONDS FAILED BYTES MEAN P50 P99
        and 12 clock ticks: user's and system's of server, responders and
        signers, before and after
    wait MILLISECONDS run ...       on a model that takes so long
    memory TARGET CLIENTS KB [ANSWERED SIGNED]      or idle, large, gone
    long NAME DIRECT OURS KB KB     milliseconds; memory before and at its most
    bare NAME MICROSECONDS          of the libraries alone
    start MICROSECONDS
    size BYTES NEEDED LIBRARIES
    instructions LIBRARY COUNT      of a responder
    machine ..., note ...           words"""

import collections
import csv
import os
import statistics
import sys

TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
NAMES = {
    "direct": "the model itself",
    "mod_proxy": "lighttpd, mod_proxy, unsigned",
    "nginx": "nginx, proxy_pass, unsigned",
    "signed": "ours, both signatures",
    "single": "ours, one signature",
}
SIZES = {300: "0.3 KB", 16384: "16 KB", 262144: "256 KB", 1048576: "1 MB"}
PICTURES = """\
![answers per second against clients](scripts/bench/throughput.png)

![where the processor time of one answer goes](scripts/bench/answer.png)

![memory against waiting clients](scripts/bench/memory.png)

"""
BEGIN, END = "<!-- measured: scripts/bench.sh --readme -->\n", "<!-- end -->\n"

runs = collections.defaultdict(list)  # (size, clients, target): [Run]
kinds = collections.defaultdict(list)
tables, rows = [], []  # of table.md; of table.csv


class Run:
    """One run of wrk."""

    def __init__(self, numbers):
        self.answers, self.us, self.failed, _, self.mean, self.p50, self.p99 = numbers[:7]
        before, after = numbers[7:13], numbers[13:19]
        each = max(self.answers, 1)
        self.cpu = [(b - a) * TICK_US / each for a, b in zip(before, after)]
        self.rate = (self.answers - self.failed) / self.us * 1e6

    def server(self):
        return sum(self.cpu[0:2])

    def responders(self):
        return sum(self.cpu[2:4])

    def signers(self):
        return sum(self.cpu[4:6])

    def total(self):
        return sum(self.cpu)


def read(path):
    for line in open(path):
        kind, *words = line.split()
        if kind == "run":
            size, clients, target, *numbers = words
            runs[int(size), int(clients), target].append(Run([float(n) for n in numbers]))
        else:
            kinds[kind].append(words)


def median(values):
    values = list(values)
    return statistics.median(values) if values else float("nan")


def over(size, clients, target, what):
    """The median over the rounds."""
    return median(what(run) for run in runs[size, clients, target])


def rate(size, clients, target):
    return over(size, clients, target, lambda run: run.rate)


def ratio(size, clients, above, below):
    """Of runs of the same round, which followed each other."""
    pairs = zip(runs[size, clients, above], runs[size, clients, below])
    return median(a.rate / b.rate for a, b in pairs if b.rate)


def bare(name):
    return median(float(us) for what, us in kinds["bare"] if what == name)


def number(value, digits=0):
    return "" if value != value else f"{value:,.{digits}f}"


def table(head, *lines):
    cells = [head] + [line for line in lines if any(line[1:])]
    if len(cells) < 2:
        return
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    cells.insert(1, [":" + "-" * (widths[0] - 1)] + ["-" * (w - 1) + ":" for w in widths[1:]])
    for row in cells:
        padded = [row[0].ljust(widths[0])]
        padded += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:])]
        tables.append("| " + " | ".join(padded) + " |\n")
    tables.append("\n")


def clients_of(size):
    return sorted({c for s, c, _ in runs if s == size and c != 32})


def speed(size):
    clients = clients_of(size)
    lines = [
        [NAMES[t]] + [number(rate(size, c, t), 0 if size < 100000 else 1) for c in clients]
        for t in NAMES
    ]
    for above in ("signed", "single"):
        lines.append(
            [f"{NAMES[above]} / mod_proxy"]
            + [number(ratio(size, c, above, "mod_proxy"), 2) for c in clients]
        )
    head = [f"answers per second, replies of {SIZES[size]}"]
    table(head + [f"{c} client{'s' * (c > 1)}" for c in clients], *lines)


def signatures():
    """The bare cost of two signatures and the check of both."""
    return 2 * (bare("sign") + bare("recover"))


def cost():
    clients = clients_of(300)

    def line(name, target, what):
        return [name] + [number(over(300, c, target, what)) for c in clients]

    def rest(c):
        ours = over(300, c, "signed", lambda run: run.responders() + run.signers())
        return number(ours - signatures())

    table(
        ["processor time per answer of 0.3 KB, µs"] + [f"{c} client{'s' * (c > 1)}" for c in clients],
        line("mod_proxy", "mod_proxy", Run.total),
        line("nginx", "nginx", Run.total),
        line("ours: lighttpd", "signed", Run.server),
        line("ours: responders", "signed", Run.responders),
        line("ours: signers", "signed", Run.signers),
        line("ours: all three", "signed", Run.total),
        line("ours with one signature", "single", Run.total),
        ["two signatures and their checks, libsecp256k1 alone"] + [number(signatures())] * len(clients),
        ["ours without those and lighttpd"] + [rest(c) for c in clients],
    )


def cost_of_large():
    sizes = [s for s in SIZES if s > 300 and runs[s, 16, "signed"]]

    def line(name, target, what):
        return [name] + [number(over(s, 16, target, what)) for s in sizes]

    def hashes(size):
        return bare(f"keccak-{size}") + bare(f"sha256-{size}")

    def times(size):
        if size < 262144:
            return ""  # the signatures would be most of it
        ours = over(size, 16, "signed", lambda run: run.responders() + run.signers())
        return number(ours / hashes(size), 2)

    table(
        ["processor time per answer, 16 clients, µs"] + [SIZES[s] for s in sizes],
        line("mod_proxy", "mod_proxy", Run.total),
        line("nginx", "nginx", Run.total),
        line("ours: lighttpd", "signed", Run.server),
        line("ours: responders", "signed", Run.responders),
        line("ours: signers", "signed", Run.signers),
        line("ours: all three", "signed", Run.total),
        ["Keccak-256 and SHA-256 of it, nettle alone"] + [number(hashes(s)) for s in sizes],
        ["responders and signers / nettle alone"] + [times(s) for s in sizes],
    )


def latency():
    lines = []
    for target in NAMES:
        p50, p99 = (over(300, 1, target, lambda r, p=p: getattr(r, p)) for p in ("p50", "p99"))
        lines.append([NAMES[target], number(p50), number(p99),
                      number(p50 - over(300, 1, "direct", lambda r: r.p50)),
                      number(p99 - over(300, 1, "direct", lambda r: r.p99))])
    table(["latency at 1 client, 0.3 KB, µs", "p50", "p99", "p50 added", "p99 added"], *lines)


def memory():
    lines, idle = [], {}
    names = {"idle": "idle", "large": "128 clients, replies of 1 MB", "gone": "75 s after they left"}
    for target, who, kb, *answered in kinds["memory"]:
        if who == "idle":
            idle[target] = int(kb)
        each = (int(kb) - idle[target]) / int(who) if who.isdigit() else float("nan")
        name = "ours" if target == "signed" else target
        lines.append([f"{name}: {names.get(who, who + ' clients waiting')}", number(int(kb) / 1024, 1),
                      number(each, 1)] + (answered or ["", ""]))
    table(["memory (PSS)", "MB", "KB per client", "answered 200", "with a receipt"], *lines)


def long():
    lines = []
    for name, direct, ours, before, most in kinds["long"]:
        what, size = name.split("-")
        lines.append([f"a {what} of {int(size) >> 20} MB", number(float(direct), 1), number(float(ours), 1),
                      number((int(most) - int(before)) / 1024, 1)])
    table(["one at a time", "direct, ms", "ours, ms", "memory more than idle, MB"], *lines)


def waits():
    lines = []
    for milliseconds, _, _, clients, _, *numbers in kinds["wait"]:
        run = Run([float(n) for n in numbers])
        ideal = int(clients) / int(milliseconds) * 1000
        lines.append([f"{clients} clients, {int(milliseconds) / 1000:g} s", number(ideal),
                      number(int(clients) / run.mean * 1e6),
                      number(int(milliseconds) * 1000 / run.mean, 3), number(run.failed)])
    table(["a model that takes a while", "ideal answers per second", "ours", "ours / ideal", "failed"], *lines)


def rest():
    lines = []
    if kinds["start"]:
        start = median(float(us) for us, in kinds["start"]) / 1000
        lines.append(["start to the first signed answer, ms", number(start, 1)])
    for size, needed, libraries in kinds["size"]:
        lines.append(["oyster-responder, stripped, KB", number(int(size) / 1024)])
        lines.append(["libraries that it names / that come with them", f"{needed} / {libraries}"])
    failed = sum(run.failed for each in runs.values() for run in each)
    lines.append(["answers of all runs that were not 200", number(failed)])
    table(["", ""], *lines)


def instructions():
    lines = [[library, number(float(count))] for library, count in kinds["instructions"]]
    if lines:
        lines.append(["together", number(sum(float(count) for _, count in kinds["instructions"]))])
    table(["instructions of a responder per answer of 0.3 KB (callgrind)", ""], *lines)


def draw(out):
    """What gnuplot reads."""
    for size in SIZES:
        with open(f"{out}/throughput-{size}.dat", "w") as f:
            for c in clients_of(size):
                print(c, *(rate(size, c, t) for t in NAMES), file=f)
    with open(f"{out}/memory.dat", "w") as f:
        waiting = {(t, c): int(kb) / 1024 for t, c, kb, *_ in kinds["memory"]}
        for c in ["idle"] + sorted((c for t, c in waiting if c.isdigit() and t == "signed"), key=int):
            print(0 if c == "idle" else c, waiting.get(("signed", c), "?"),
                  waiting.get(("mod_proxy", c), "?"), file=f)
    clients = 64 if runs[300, 64, "signed"] else 16
    cpu = [median(run.cpu[i] for run in runs[300, clients, "signed"]) for i in range(6)]
    parts = [("lighttpd", cpu[0] + cpu[1]), ("responder, kernel", cpu[3]), ("responder, program", cpu[2]),
             ("two signatures", 2 * bare("sign")), ("their checks", 2 * bare("recover")),
             ("signer, the rest", max(cpu[4] + cpu[5] - signatures(), 0))]
    done = 0.0
    with open(f"{out}/answer.dat", "w") as f:
        for name, us in parts:
            print(f'"{name}, {us:.0f}" {done:.1f} {done + us:.1f}', file=f)
            done += us


def write_csv(path):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(["size", "clients", "target", "answers_per_s", "p50_us", "p99_us",
                    "server_us", "responders_us", "signers_us", "failed"])
        for (size, clients, target), each in sorted(runs.items()):
            if each:
                w.writerow([size, clients, target] + [
                    f"{median(x):.2f}" for x in zip(*(
                        (r.rate, r.p50, r.p99, r.server(), r.responders(), r.signers(), r.failed)
                        for r in each))])
        for kind in ("bare", "start", "size", "memory", "long", "wait", "instructions"):
            for words in kinds[kind]:
                w.writerow([kind] + words)


def put_into(readme, text):
    whole = open(readme).read()
    before, rest_ = whole.split(BEGIN)
    after = rest_.split(END)[1]
    with open(readme, "w") as f:
        f.write(before + BEGIN + "\n" + PICTURES + text + END + after)


out = sys.argv[1]
read(f"{out}/samples")
for size in SIZES:
    speed(size)
cost()
cost_of_large()
latency()
memory()
long()
waits()
rest()
instructions()
for words in kinds["machine"] + kinds["note"]:
    tables.append("(" + " ".join(words) + ".)\n")
text = "".join(tables)
open(f"{out}/table.md", "w").write(text)
write_csv(f"{out}/table.csv")
draw(out)
if len(sys.argv) > 2:
    put_into(sys.argv[2], text)
