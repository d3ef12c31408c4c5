#!/usr/bin/python3
"""instructions.py FEW MANY ANSWERS: two of callgrind's files as lines
`instructions LIBRARY COUNT', for each of the answers that MANY has more."""

import collections
import re
import sys


def by_library(path):
    """Instructions of each library itself: those of a call follow its line."""
    names, counts = {}, collections.Counter()
    library, is_call = "?", False
    for line in open(path):
        if line.startswith(("ob=", "cob=")):
            mark, name = re.match(r"c?ob=\((\d+)\)(?: (.*/)?(.*))?", line).group(1, 3)
            name = names.setdefault(mark, name)
            if line[0] == "o":
                library = name
        elif line.startswith("calls="):
            is_call = True
        elif line[:1].isdigit() or line[:1] in "+-*":
            if not is_call:
                counts[library] += int(line.split()[1])
            is_call = False
    return counts


few, many, answers = sys.argv[1:]
few, many = by_library(few), by_library(many)
for library, count in many.most_common():
    each = (count - few[library]) / int(answers)
    if each >= 100:
        print("instructions", re.sub(r"\.so.*", "", library), f"{each:.0f}")
