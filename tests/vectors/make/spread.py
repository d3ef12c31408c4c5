#!/usr/bin/python3
"""spread.py DIRECTORY FILE...: lays the cases of verdict-*.json out as files.

DIRECTORY/NNN.request and DIRECTORY/NNN.answer are what a verifier reads, and
DIRECTORY/list has a line for each case, its fields divided by tabs:
verdict, name, address, request, answer, nonce or -, method, path.
"""
import json
import pathlib
import sys


def content(case, name):
    return bytes.fromhex(case[name + "_hex"]) if name + "_hex" in case else case[name].encode()


directory = pathlib.Path(sys.argv[1])
directory.mkdir()
cases = [case for path in sys.argv[2:] for case in json.loads(pathlib.Path(path).read_text())["cases"]]
with open(directory / "list", "w") as lines:
    for number, case in enumerate(cases):
        request, answer = (directory / f"{number:03d}.{kind}" for kind in ("request", "answer"))
        request.write_bytes(content(case, "request"))
        answer.write_bytes(content(case, "response"))
        print(case["verdict"], case["name"], case["address"], request, answer,
              case["nonce"] or "-", case["method"], case["path"], sep="\t", file=lines)
