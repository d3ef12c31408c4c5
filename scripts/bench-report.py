#!/usr/bin/python3
"""bench-report.py [--markdown] <SAMPLES: bench.sh's samples as tables.

    run ROUND CLIENTS TARGET ANSWERS MICROSECONDS FAILED LIGHTTPD RESPONDERS SIGNERS
        the last three: clock ticks of processor time
    memory CLIENTS KB ANSWERED SIGNED
        CLIENTS: how many wait, or idle, or gone (after they left)
"""

import os
import statistics
import sys

TARGETS = ("direct", "mod_proxy", "signed", "single")
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")

runs, memory = {}, []
for line in sys.stdin:
    kind, *words = line.split()
    if kind == "run":
        turn, clients, target, *numbers = words
        numbers = [int(n) for n in numbers]
        runs.setdefault((int(clients), target), {})[turn] = numbers
    else:
        memory.append(words)
sizes = sorted({clients for clients, _ in runs})


def median(values):
    return statistics.median(values) if values else float("nan")


def rates(clients, target):
    """Answers a second by round; those that failed do not count."""
    return {
        turn: (n[0] - n[2]) / n[1] * 1e6 for turn, n in runs[clients, target].items()
    }


def ratio(clients, above, below):
    """Of the two runs of a round, which followed each other."""
    a, b = rates(clients, above), rates(clients, below)
    return f"{median([a[turn] / b[turn] for turn in a]):.2f}"


def cost(clients, target, columns):
    """Microseconds of processor time for an answer."""
    used = [
        sum(n[3 + c] for c in columns) * TICK_US / n[0]
        for n in runs[clients, target].values()
    ]
    return f"{median(used):.0f}"


def over_sizes(cell):
    return [cell(clients) for clients in sizes]


def table(rows):
    """The first row is the head; numbers are flush right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = [":" + "-" * (widths[0] - 1)] + ["-" * (w - 1) + ":" for w in widths[1:]]
    if "--markdown" in sys.argv:
        begin, between, end = "| ", " | ", " |"
    else:
        begin, between, end = "", "  ", ""
        rule = ["-" * w for w in widths]
    for row in [rows[0], rule] + rows[1:]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:])]
        print(begin + between.join(cells) + end)
    print()


def head(first):
    return [first] + over_sizes(lambda c: f"{c} client{'s' * (c > 1)}")


def rate_row(name, target):
    return [name] + over_sizes(lambda c: f"{median(rates(c, target).values()):,.0f}")


def cost_row(name, target, *columns):
    return [name] + over_sizes(lambda c: cost(c, target, columns))


table([
    head("answers per second"),
    rate_row("(a) the model itself", "direct"),
    rate_row("(b) lighttpd, mod_proxy, unsigned", "mod_proxy"),
    rate_row("(c) lighttpd, responders, signed twice", "signed"),
    rate_row("(d) the same, signed once", "single"),
    ["(c) / (b)"] + over_sizes(lambda c: ratio(c, "signed", "mod_proxy")),
    ["(d) / (b)"] + over_sizes(lambda c: ratio(c, "single", "mod_proxy")),
    ["(c) / (a)"] + over_sizes(lambda c: ratio(c, "signed", "direct")),
    ["not answered 200"]
    + over_sizes(lambda c: str(sum(n[2] for t in TARGETS for n in runs[c, t].values()))),
])
table([
    head("processor time per answer, µs"),
    cost_row("(b) lighttpd", "mod_proxy", 0),
    cost_row("(c) lighttpd", "signed", 0),
    cost_row("(c) responders", "signed", 1),
    cost_row("(c) signers", "signed", 2),
    cost_row("(c) all three", "signed", 0, 1, 2),
    cost_row("(d) all three", "single", 0, 1, 2),
    ["(c) / (d)"] + over_sizes(
        lambda c: f"{float(cost(c, 'signed', (0, 1, 2))) / float(cost(c, 'single', (0, 1, 2))):.2f}"),
])

rows = [["memory (PSS) of (c)", "MB", "KB per client", "answered 200", "signed"]]
idle = next((int(words[1]) for words in memory if words[0] == "idle"), 0)
for who, kb, *answered in memory:
    name = {"idle": "idle", "gone": "after they left"}.get(who, f"{who} clients waiting")
    each = f"{(int(kb) - idle) / int(who):.1f}" if who.isdigit() else ""
    rows.append([name, f"{int(kb) / 1024:.1f}", each] + (answered or ["", ""]))
if memory:
    table(rows)
