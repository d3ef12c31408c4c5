#!/bin/sh

# What must be verified and what must be refused: the vectors themselves, and
# the examples in Python and JavaScript over all of them.

. "${0%/*}/lib.sh"

command -v jq >/dev/null || skip_all 'no jq'

VECTORS=$TESTS/vectors
VERIFY=$TOP/keys/verify

test_expect_success 'there are many of both kinds, each with a name of its own' '
	jq -r ".cases[] | .verdict" "$VECTORS"/verdict-*.json >verdicts &&
	test "$(grep -cx verify verdicts)" -ge 30 &&
	test "$(grep -cx refuse verdicts)" -ge 40 &&
	for file in "$VECTORS"/verdict-*.json
	do
		jq -r ".cases[].name" "$file" | sort >names &&
		test -z "$(uniq -d names)" || return 1
	done
'

test_expect_success 'they say who made them, and why what is refused must be' '
	for file in "$VECTORS"/verdict-*.json
	do
		jq -e "(.made_by | length > 20) and (.note | length > 20) and
			all(.cases[]; .verdict == \"verify\" or (.reason | length > 3))" "$file" || return 1
	done
'

cat >values.py <<\END
# All values between an answer and its verdict, made once more in another language.
import hashlib, json, sys
from base64 import b64encode
from Cryptodome.Hash import keccak

def keccak256(data):
    return keccak.new(digest_bits=256, data=data).hexdigest()

def word(number):
    return number.to_bytes(32, "big")

def encode(strings):
    heads = tails = b""
    for string in strings:
        heads += word(160 + len(tails))
        tails += word(len(string)) + string + bytes(-len(string) % 32)
    return heads + tails

def receipt(case):
    encoded = encode([case["strings"][name].encode() for name in
                      ("model", "prompt", "request_context", "response", "response_context")])
    message = b"|oyster-hasher||timestamp|" + int(case["seconds"]).to_bytes(8, "big")
    return {"encoded": encoded.hex(),
            "digest": keccak256(message + b"|ollama_signature_parameters|" + encoded)}

def content(case, name):
    return bytes.fromhex(case[name + "_hex"]) if name + "_hex" in case else case[name].encode()

def exchange(case):
    body = content(case, "response").replace(b"\r\n", b"\n").split(b"\n\n")
    digests = [bytes.fromhex(case[name]) for name in ("content_digest", "request_digest")]
    fields = ["sha-256=:%s:" % b64encode(digest).decode() for digest in digests]
    nonce = ';nonce="%s"' % case["nonce"] if case["nonce"] else ""
    keyid = case["address"]
    base = "\n".join(['"@status": %d' % case["status"], '"@method";req: ' + case["method"],
        '"@path";req: ' + case["path"], '"content-digest": ' + fields[0],
        '"x-oyster-request-digest": ' + fields[1],
        '"@signature-params": ("@status" "@method";req "@path";req "content-digest" "x-oyster-request-digest")'
        ';created=%s%s;keyid="%s";tag="oyster"' % (case["created"], nonce, keyid)])
    return {"request_digest": hashlib.sha256(content(case, "request")).hexdigest(), "base": base,
            "digest": keccak256(b"\x19Ethereum Signed Message:\n%d" % len(base) + base.encode())}

count = wrong = 0
for path in sys.argv[1:]:
    for case in json.load(open(path))["cases"]:
        made = receipt(case) if "strings" in case else exchange(case) if "base" in case else {}
        for name, value in made.items():
            count += 1
            if case[name] != value:
                wrong += 1
                print(f"{case['name']}: {name} is {value}")
print(count, "values")
sys.exit(wrong > 0 or count < 500)
END
test_expect_success 'Python makes the same values of the same strings' '
	"$PYTHON" values.py "$VECTORS"/verdict-*.json
'

"$PYTHON" "$VECTORS/make/spread.py" cases "$VECTORS"/verdict-*.json || exit 1

cat >judge.py <<\END
# judge.py PROGRAM LIST: what the program, which must be Python, says of each case
import contextlib, io, runpy, sys
wrong = 0
for line in open(sys.argv[2]):
    verdict, name, address, request, answer, nonce, method, path = line.rstrip("\n").split("\t")
    said, sys.argv[1:3] = io.StringIO(), sys.argv[1:3]
    program, argv = sys.argv[1], sys.argv
    sys.argv = [program, address, request, answer, nonce if nonce != "-" else "", method, path]
    try:
        with contextlib.redirect_stdout(said):
            runpy.run_path(program)
        found = "verify" if said.getvalue().startswith("signed by ") else "said nothing"
    except (Exception, SystemExit) as why:
        found = "refuse" if not said.getvalue() else "said too much"
    sys.argv = argv
    if found != verdict:
        wrong += 1
        print(f"{name}: {found}, not {verdict}")
sys.exit(wrong > 0)
END
test_expect_success 'verify.py verifies and refuses what it must' '
	"$PYTHON" judge.py "$VERIFY/verify.py" cases/list
'

test_expect_success 'verify.py tells by its exit status, too' '
	awk -F "\t" "\$6 == \"-\" && \$7 == \"POST\" && !seen[\$1]++" cases/list >two &&
	while read -r line
	do
		IFS="	" read -r verdict name address request answer rest <<-LINE &&
		$line
		LINE
		code=0 &&
		{ "$PYTHON" "$VERIFY/verify.py" "$address" "$request" "$answer" || code=1; } &&
		case $verdict in verify) test $code = 0 ;; *) test $code = 1 ;; esac || return 1
	done <two
'

test_expect_success 'the examples are short enough to be read' '
	test "$(wc -l <"$VERIFY/verify.py")" -lt 40 &&
	test "$(wc -l <"$VERIFY/verify.mjs")" -lt 40
'

if ! test -d "$TESTS/node_modules/ethers" && test "${CI:-}" != true
then
	echo "# no tests/node_modules/ethers: JavaScript is not tried"
	test_done
fi

mkdir js
cp "$VERIFY/verify.mjs" js/
ln -s "$TESTS/node_modules" js/node_modules
cat >js/judge.mjs <<\END
// judge.mjs LIST: what verify.mjs says of each case; a new query loads it anew
import { readFileSync } from "node:fs";
const lines = readFileSync(process.argv[2], "utf8").trimEnd().split("\n");
const say = console.log;
let wrong = 0;
for (const [number, line] of lines.entries()) {
	const [verdict, name, address, request, answer, nonce, method, path] = line.split("\t");
	let said = "", found;
	process.argv = ["node", "verify.mjs", address, request, answer, nonce === "-" ? "" : nonce, method, path];
	console.log = (text) => { said += text; };
	try {
		await import(`./verify.mjs?${number}`);
		found = said.startsWith("signed by ") ? "verify" : "said nothing";
	} catch {
		found = said ? "said too much" : "refuse";
	}
	console.log = say;
	if (found !== verdict) {
		wrong++;
		say(`${name}: ${found}, not ${verdict}`);
	}
}
process.exitCode = wrong ? 1 : 0;
END
test_expect_success 'verify.mjs verifies and refuses what it must' '
	node js/judge.mjs cases/list
'

test_expect_success 'the vectors can be made again, to the byte' '
	for kind in receipt exchange
	do
		node "$VECTORS/make/${kind}s.mjs" "$PWD/again.json" &&
		cmp again.json "$VECTORS/verdict-$kind.json" || return 1
	done
'

test_done
