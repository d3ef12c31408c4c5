#!/usr/bin/python3
"""mutate.py [-j JOBS] [-l] FILE...: do the tests notice when the code is wrong?

In each source an operator or a constant is changed, or a statement deleted,
one at a time; the file is compiled, its tests are linked with it and run until
one of them fails, if need be once more under AddressSanitizer and UBSan, as
`make asan` runs them.  Mutants that compile to the same code are none.
Survivors must be in tests/MUTANTS.md with the reason why no test can tell:

    ## keys/wire.c
    - `wire_wipe`, `in->most = 0;` deleted: why

-l lists the mutants of the files.  A mutant runs in a process namespace of its
own: one that kills -1 must not end the session of whoever runs this.
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

B = os.environ.get("B", "build-mutate")
CC = os.environ.get("CC", "gcc")
LISTED = "tests/MUTANTS.md"
WANTED = 90.0  # per cent killed
PATIENCE = 5  # seconds for one test, beside four times what it takes without

JSON = "json_grammar json_walk json_strings json_integers request reply request_options json_jansson"
SIGNER = "faults_signer signer_end signer_sandbox signer_signs signer_memory signer serve"
ORACLE = "oracle faults_ecdsa oracle_bent signer_signs signer_memory"
TESTS = {
    "fcgi/json.c": JSON,
    "fcgi/json_put.c": JSON,
    "keys/ecdsa.c": "ecdsa recover faults_ecdsa oracle signer_memory",
    "keys/exchange.c": "exchange oracle",
    "keys/keccak.c": "keccak",
    "keys/oracle.c": ORACLE,
    "keys/oyster-key.c": "faults_key t1410-key-files.sh",
    "keys/receipt.c": "receipt oracle",
    "keys/sandbox.c": "faults_sandbox sandbox_kernels sandbox",
    "keys/secret.c": "faults_secret secret_stack secret signer_memory",
    "keys/signer.c": SIGNER,
    "keys/wire.c": "faults_wire oracle signer_signs oracle_bent signer signer_memory",
}

# What an operator becomes.  Where the style puts spaces, there is no other way
# to tell a product from a pointer.
OPERATORS = {
    " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ",
    " && ": " || ", " || ": " && ", " &&\n": " ||\n", " ||\n": " &&\n",
    " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " % ": " / ",
    " << ": " >> ", " >> ": " << ", " & ": " | ", " | ": " & ", " |\n": " &\n", " ^= ": " |= ",
    " += ": " -= ", " -= ": " += ", " |= ": " &= ", " &= ": " |= ", "++": "--", "--": "++",
}
TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\])+'"
    r"|^#include[^\n]*"
    r"|\b0x[0-9a-fA-F]+[uUlL]*\b|\b\d+[uUlL]*\b|\b(?:true|false)\b"
    r"|" + "|".join(re.escape(op) for op in sorted(OPERATORS, key=len, reverse=True))
    + r"|!(?!=)",
    re.S | re.M,
)
MESSAGES = re.compile(r"\b(?:warnx?|err|errx|fputs|_Static_assert)\($")
NO_STATEMENT = re.compile(r"(?:if|for|while|else|switch|case|default|do|[{}]|\w+:$|static|struct|return [^;]*;\n\})")


def other_number(text):
    """A constant that is one more; a suffix and the base stay."""
    digits = text.rstrip("uUlL")
    suffix = text[len(digits) :]
    if digits.startswith("0x"):
        return f"0x{int(digits, 16) + 1:x}{suffix}"
    base = 8 if len(digits) > 1 and digits[0] == "0" else 10
    number = int(digits, base) + 1
    return (f"0{number:o}" if base == 8 else str(number)) + suffix


def other(token, before):
    """What a token becomes, or None."""
    if token in OPERATORS:
        return OPERATORS[token]
    if token == "!":
        return ""
    if token in ("true", "false"):
        return "false" if token == "true" else "true"
    if token[0] == '"':
        return None if MESSAGES.search(before) else '"`' + token[1:]
    if token[0] == "'":
        return "'`'"
    return other_number(token) if token[0].isdigit() else None


def in_message(source, at):
    """Whether the place is among the words of a warning."""
    start = max(source.rfind(c, 0, at) for c in ";{}")
    return re.search(r"\b(?:warnx?|errx?|fputs|_Static_assert)\(", source[start + 1 : at])


def tokens(source):
    """(start, end, text instead) for each operator and constant."""
    for found in TOKEN.finditer(source):
        token, at = found[0], found.start()
        if token.startswith(("/*", "//", "#include")) or in_message(source, at):
            continue
        instead = other(token, source[:at])
        if instead is not None:
            yield at, found.end(), instead


def statements(source):
    """(start, end, text instead) for each statement on lines of its own."""
    at = 0
    lines = source.splitlines(keepends=True)
    for index, line in enumerate(lines):
        start, at = at, at + len(line)
        code = line.strip()
        if not line.startswith("\t") or not code or NO_STATEMENT.match(code):
            continue
        before = next((row.strip() for row in reversed(lines[:index]) if row.strip()), "")
        before = re.sub(r"\s*/\*.*\*/$", "", before)
        if not re.search(r"([;{}):]|\belse|\bdo|\*/)$", before):
            continue
        end = source.find(";", start) + 1
        if not end or source[start:end].count("(") != source[start:end].count(")"):
            continue
        if code.startswith("return") and source[end : end + 2] == "\n}":
            continue
        first = start + len(line) - len(line.lstrip())
        yield first, end, ";" + "\n" * source.count("\n", first, end)


class Mutant:
    """One change to one file."""

    def __init__(self, path, source, change):
        self.path = path
        start, end, instead = change
        self.text = source[:start] + instead + source[end:]
        self.line = source.count("\n", 0, start) + 1
        self.what = self.describe(source, *change)
        self.function = self.where(source)
        self.fate = None  # what became of it

    @staticmethod
    def describe(source, start, end, instead):
        if instead.startswith(";"):
            return "`" + " ".join(source[start:end].split()) + "` deleted"
        first = source.rfind("\n", 0, start) + 1
        last = source.find("\n", end - (source[end - 1] == "\n"))
        line = source[first:last]
        mark = line[: start - first] + "[" + source[start:end].strip() + "]" + line[end - first :]
        return f"`{' '.join(mark.split())}` to `{instead.strip()}`"

    def where(self, source):
        for row in reversed(source.split("\n")[: self.line]):
            found = re.match(r"(?:[A-Za-z_].*?(\w+)(?:\(|\[.*= \{|\[\] =)|#define (\w+)|(\}))", row)
            if found and not found[3]:
                return found[1] or found[2]
            if found:
                break
        return "-"

    def __str__(self):
        return f"{self.path}:{self.line}: - `{self.function}`, {self.what}"


def mutants(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    body = source.index("\n#include")
    changes = [c for c in (*tokens(source), *statements(source)) if c[0] > body]
    return [Mutant(path, source, change) for change in sorted(changes)]


class Flavour:
    """One way to build."""

    def __init__(self, build, cflags, ldflags=""):
        self.build, self.cflags, self.ldflags = build, cflags, ldflags
        self.recipes = {}  # how make links the tests
        self.patience = {}  # seconds after which each of them hangs

    def make(self, *arguments):
        command = ["make", "-s", f"B={self.build}", f"CC={CC}", f"CFLAGS={self.cflags}"]
        command += ["HARDEN=-fPIE", "LDHARDEN=-pie", f"LDFLAGS={self.ldflags}", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()

    def program(self, test):
        """What is linked for a test."""
        return f"{self.build}/oyster-key" if test.endswith(".sh") else f"{self.build}/unit/test_{test}"

    def prepare(self, tests):
        self.make("all", *(self.program(test) for test in tests))
        for test in tests:
            command = f"tests/{test}" if test.endswith(".sh") else self.program(test)
            begun = time.monotonic()
            if not apart([command], self.build):
                sys.exit(f"{command} fails as it is")
            self.patience[test] = PATIENCE + 4 * (time.monotonic() - begun)
            rule = self.make("-n", "-W", f"{self.build}/keys/ecdsa.o", self.program(test))
            self.recipes[test] = [line for line in rule.splitlines() if f"-o {self.program(test)} " in line][-1]

    def link(self, test, path, folder, target):
        """Link as make does, but with the mutant, and to another place."""
        mine, instead = f"{self.build}/{path.replace('.c', '.o')}", f"{folder}/mutant.o"
        words = shlex.split(self.recipes[test])
        if mine not in words:  # a test that includes the source
            mine, instead = f"{self.build}/tests/unit/test_{test}.o", f"{folder}/test.o"
            command = compiler(self, path, folder)
            subprocess.run([*command, "-o", instead, f"tests/unit/test_{test}.c"], check=True)
        words = [instead if word == mine else word for word in words]
        words[words.index("-o") + 1] = target
        subprocess.run(words, check=True)

    def survives(self, path, folder):
        """Run a file's tests with the mutant; whether none of them fails."""
        for test in TESTS[path].split():
            if test.endswith(".sh"):
                target = f"{folder}/oyster-key"
                self.link(test, path, folder, target)
                for name in ("oyster-responder", "oyster-verify", "practice-model"):
                    if not os.path.lexists(f"{folder}/{name}"):
                        os.symlink(os.path.abspath(f"{self.build}/{name}"), f"{folder}/{name}")
                ok = apart([f"tests/{test}"], folder, self.patience[test])
            else:
                target = f"{folder}/{test}"
                self.link(test, path, folder, target)
                ok = apart([target], folder, self.patience[test])
            os.unlink(target)
            if not ok:
                return False
        return True


PLAIN = Flavour(B, "-O2")
SANITIZED = Flavour(
    f"{B}-asan",
    "-O1 -DOYSTER_SANITIZED -fsanitize=address,undefined -fno-sanitize-recover=all",
    "-fsanitize=address,undefined",
)


def compiler(flavour, path, folder):
    """The compiler, for which what is in folder comes before the project."""
    places = ["-iquote", folder, "-I.", "-iquote", os.path.dirname(path)]
    return [CC, "-D_GNU_SOURCE", *places, "-std=c11", "-pthread", *flavour.cflags.split(), "-fPIE", "-w", "-c"]


def compiled(flavour, path, source, folder):
    """The object of a text that stands in for path, or None."""
    copy = f"{folder}/{path}"
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(copy, "w", encoding="utf-8") as file:
        file.write(source)
    command = [*compiler(flavour, path, folder), "-o", f"{folder}/mutant.o", copy]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        return None
    with open(f"{folder}/mutant.o", "rb") as file:
        return file.read()


# A kill of -1 stays in here, and nothing in /dev can be unlinked.
APART = """
mount --bind /dev /dev 2>/dev/null && mount -o remount,bind,ro /dev 2>/dev/null
"$@"
"""


def apart(command, build, patience=60.0):
    """Whether a command succeeds, away from everything else, in good time."""
    unshare = ["unshare", "-pfm", "--kill-child", "--mount-proc"]
    if os.geteuid():
        unshare.append("--map-current-user")
    process = subprocess.Popen(
        [*unshare, "sh", "-c", APART, "apart", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "B": os.path.abspath(build), "CI": "true"},  # no test skips what it cannot do
    )
    timer = threading.Timer(patience, process.kill)
    timer.start()
    ok = True
    for line in process.stdout:
        if line.startswith(b"not ok"):
            ok = False
            process.kill()
            break
    process.wait()
    process.stdout.close()
    timer.cancel()
    return ok and process.returncode == 0


def try_one(mutant, original):
    folder = tempfile.mkdtemp(prefix="oyster-mutant-")
    try:
        code = compiled(PLAIN, mutant.path, mutant.text, folder)
        if code is None:
            mutant.fate = "does not compile"
        elif code == original:
            mutant.fate = "same code"
        elif not PLAIN.survives(mutant.path, folder):
            mutant.fate = "killed"
        else:
            compiled(SANITIZED, mutant.path, mutant.text, folder)
            mutant.fate = "survived" if SANITIZED.survives(mutant.path, folder) else "killed"
    finally:
        shutil.rmtree(folder)
    return mutant


def object_of(path):
    folder = tempfile.mkdtemp(prefix="oyster-mutant-")
    with open(path, encoding="utf-8") as file:
        code = compiled(PLAIN, path, file.read(), folder)
    shutil.rmtree(folder)
    return code


def listed():
    """The survivors that have a reason, counted."""
    found, path = {}, None
    if not os.path.exists(LISTED):
        return found
    with open(LISTED, encoding="utf-8") as file:
        for line in file:
            if line.startswith("## "):
                path = line[3:].strip()
            entry = re.match(r"- `(.*?)`, (`.*`(?: deleted| to `.*?`)): \S", line)
            if entry:
                key = (path, entry[1], entry[2])
                found[key] = found.get(key, 0) + 1
    return found


def report(done):
    reasons, failed = listed(), False
    print(f"{'':24}{'killed':>8}{'survived':>10}{'same code':>11}")
    total = {}
    for path in sorted({mutant.path for mutant in done}):
        fates = [mutant.fate for mutant in done if mutant.path == path]
        for fate in fates:
            total[fate] = total.get(fate, 0) + 1
        print(f"{path:24}{fates.count('killed'):8}{fates.count('survived'):10}{fates.count('same code'):11}")
    for mutant in done:
        if mutant.fate == "survived":
            key = (mutant.path, mutant.function, mutant.what)
            if reasons.get(key, 0) > 0:
                reasons[key] -= 1
                continue
            print(f"{mutant}: ")
            failed = True
    killed, survived = total.get("killed", 0), total.get("survived", 0)
    share = 100.0 * killed / (killed + survived) if killed else 0.0
    print(f"killed {killed} of {killed + survived}: {share:.1f} %")
    return failed or share < WANTED


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("-j", type=int, default=os.cpu_count())
    arguments.add_argument("-l", action="store_true")
    arguments.add_argument("files", nargs="*", default=sorted(TESTS))
    options = arguments.parse_args()
    if options.l:
        for path in options.files:
            print("\n".join(str(mutant) for mutant in mutants(path)))
        return 0

    tests = sorted({test for path in options.files for test in TESTS[path].split()})
    PLAIN.prepare(tests)
    SANITIZED.prepare(tests)
    done = []
    originals = {path: object_of(path) for path in options.files}
    everything = [mutant for path in options.files for mutant in mutants(path)]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        jobs = [pool.submit(try_one, mutant, originals[mutant.path]) for mutant in everything]
        for job in jobs:
            done.append(job.result())
            if done[-1].fate == "survived":
                print(done[-1], file=sys.stderr)
            if len(done) % 50 == 0:
                print(f"{len(done)} of {len(everything)}", file=sys.stderr)
    return report(done)


if __name__ == "__main__":
    sys.exit(main())
