#!/usr/bin/python3
"""coverage.py BUILD: what the tests of a coverage build have run of our own code.

BUILD/profile has the counters, as `make coverage` leaves them.  Every branch
that was never taken must be in tests/COVERAGE.md with its reason:

    ## keys/secret.c
    - `map_locked`, `mlock(page, PAGE)` false: why no test gets there

and so must a line that seems to have never run, with `line' for the way.  (The
ends of loops are counted by subtraction; a thread that is killed on the way
makes them too few.)

BUILD/coverage.info is the same in lcov's form, for genhtml.
"""

import glob
import json
import os
import re
import subprocess
import sys

FOLDERS = ("fcgi/", "keys/")
LISTED = "tests/COVERAGE.md"
BRANCHES = 95.0  # per cent that are wanted, and of lines all
SHOWN = 60  # characters of a condition


def export(build, form):
    """The counters of all programs, as llvm-cov tells them."""
    merged = f"{build}/coverage.profdata"
    raw = sorted(glob.glob(f"{build}/profile/*.profraw"))
    subprocess.run(["llvm-profdata", "merge", "-o", merged, *raw], check=True)
    programs = [
        path
        for pattern in ("oyster-*", "static/oyster-*", "unit/test_*")
        for path in sorted(glob.glob(f"{build}/{pattern}"))
        if os.access(path, os.X_OK)
    ]
    command = ["llvm-cov", "export", f"-format={form}", f"-instr-profile={merged}", programs[0]]
    for path in programs[1:]:
        command += ["-object", path]
    command += ["-ignore-filename-regex=/tests/"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout


class Source:
    """A file's text, and which function a line is in."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")

    def function(self, line):
        """The last name at the margin before a body that began above."""
        for at in range(line - 1, -1, -1):
            found = re.match(r"[A-Za-z_].*?(\w+)\(", self.lines[at])
            if found and not self.lines[at].startswith("#"):
                return found[1]
        return "?"

    def text(self, line, column, last_line, last_column):
        """What stands between two places, on one line."""
        taken = self.lines[line - 1 : last_line]
        taken[-1] = taken[-1][: last_column - 1]
        taken[0] = taken[0][column - 1 :]
        return " ".join(" ".join(taken).split())[:SHOWN].strip()


def uncovered(path, branches):
    """Branches never taken, and how many there are; a condition that was
    compiled more than once counts once."""
    taken = {}
    for branch in branches:
        at, counts = tuple(branch[:4]), branch[4:6]
        before = taken.get(at, (0, 0))
        taken[at] = (before[0] + counts[0], before[1] + counts[1])
    source = Source(path)
    missing = [
        (at[0], source.function(at[0]), source.text(*at), way)
        for at, counts in sorted(taken.items())
        for way, count in zip(("true", "false"), counts)
        if count == 0
    ]
    return missing, 2 * len(taken)


def lines_of(info):
    """Lines never run, by file, and how many there are, out of lcov's form."""
    lines, path = {}, None
    for row in info.splitlines():
        if row.startswith("SF:"):
            path = os.path.relpath(row[3:])
        elif row.startswith("DA:"):
            number, count = row[3:].split(",")[:2]
            known = lines.setdefault(path, {})
            known[int(number)] = known.get(int(number), 0) + int(count)
    return lines


def listed():
    """(file, function, condition, way) of the branches that have a reason."""
    found, path = {}, None
    with open(LISTED, encoding="utf-8") as file:
        for line in file:
            if line.startswith("## "):
                path = line[3:].strip()
            entry = re.match(r"- `(\w+)`, `(.*?)` (true|false|line): \S", line)
            if entry:
                key = (path, *entry.groups())
                found[key] = found.get(key, 0) + 1
    return found


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main(build):
    info = export(build, "lcov").decode()
    with open(f"{build}/coverage.info", "w", encoding="utf-8") as file:
        file.write(info)
    lines = lines_of(info)
    files = json.loads(export(build, "text"))["data"][0]["files"]
    reasons, failed = listed(), False
    all_lines = all_branches = no_lines = no_branches = 0
    for entry in sorted(files, key=lambda entry: entry["filename"]):
        path = os.path.relpath(entry["filename"])
        if not path.startswith(FOLDERS):
            continue
        missing, count = uncovered(path, entry["branches"])
        dark = sorted(number for number, times in lines.get(path, {}).items() if times == 0)
        all_lines += len(lines.get(path, {}))
        all_branches += count
        no_lines += len(dark)
        no_branches += len(missing)
        source = Source(path)
        missing += [(n, source.function(n), source.lines[n - 1].strip(), "line") for n in dark]
        for number, *branch in missing:
            key = (path, *branch)
            if reasons.get(key, 0) > 0:
                reasons[key] -= 1
                continue
            print(f"{path}:{number}: - `{branch[0]}`, `{branch[1]}` {branch[2]}: ")
            failed = True
    for key, left in reasons.items():
        if left > 0:
            print(f"{LISTED}: {key[0]}: `{key[1]}`, `{key[2]}` {key[3]} was taken, or is gone")

    ran, took = percent(all_lines - no_lines, all_lines), percent(all_branches - no_branches, all_branches)
    print(f"lines     {ran:6.2f} % of {all_lines}")
    print(f"branches  {took:6.2f} % of {all_branches}, {no_branches} not taken")
    return failed or took < BRANCHES


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
