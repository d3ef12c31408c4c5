#!/usr/bin/python3
"""Makes the inputs that the fuzz targets begin with, out of the recorded vectors.

    tests/fuzz/seeds.py DIR
    build-fuzz/fuzz/fuzz_NAME -use_counters=0 -set_cover_merge=1 tests/fuzz/corpus/NAME DIR/NAME

The second line keeps those that reach something the others do not.
"""

import base64
import hashlib
import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NONCE, GET, HEAD = 1, 16, 32  # options of fuzz_answer.c
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
OTHER = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

DOCUMENTS = """root-alone x25519 new-field debug future pcr-twice another-signer leaf-trailing leaf-p256
leaf-critical leaf-expired leaf-no-usage instance-no-basic region-no-room root-not-self-signed""".split()

ITEMS = """a1 1bffffffffffffffff 9bffffffffffffffff bb8000000000000000 5f4100ff f97e00 c074
d81800 7800 f820 20 0a190100 f6f7f5""".split()

DIGESTS = [
    f"sha-256=:{EMPTY}:", f"sha-256=:{OTHER}:", f"SHA-256=:{EMPTY}:", f"unixsum=1, sha-256=:{EMPTY}:  ",
    f"sha-512=:AA==:, sha-256=:{EMPTY}:", f"sha-256=:{OTHER}:,sha-256=:{EMPTY}:", "sha-256", "sha-256=?1",
    'sha-256=(:aa: "b\\"\\\\" c);x=1', f'a;b="c\\\\,";d=:aa:;e,sha-256=:{EMPTY}:;p=1 \t',
    'a=1.5,b=-2 , c=tok/en:x , *d=("x" 1;y)', 'a="', "a=(", "a=:x", "a,",
]

REQUESTS = [
    b'{"model":"m","prompt":"p","stream":true,"context":[1,2],"system":"s","template":"t","suffix":"u",'
    b'"format":{"a":[1,{"b":null}]},"raw":true,"images":["aGk=","\\u0061Gk="],"think":"high",'
    b'"truncate":true,"shift":true,"logprobs":true,"top_logprobs":3,"options":{"seed":1,'
    b'"stop":["a","\\u00e9\\n"],"temperature":1e-2,"num_ctx":null},"keep_alive":-1}',
    b'{"model":"a:CLOUD ","prompt":null}',
    b'{"model":"m","format":"json","options":{"num_gpu":1}}',
]

REPLIES = [
    b'{"error":"no \\"x\\""}',
    b'{"model":"m","response":"r","done":false,"remote_host":"x"}',
    b'[]',
]


def put(name, content):
    where = os.path.join(sys.argv[1], name)
    os.makedirs(where, exist_ok=True)
    with open(os.path.join(where, hashlib.sha1(content).hexdigest()), "wb") as file:
        file.write(content)


def load(name):
    with open(os.path.join(HERE, "..", name), encoding="utf-8") as file:
        return json.load(file)["cases"]


def part(content):
    return struct.pack(">H", len(content)) + content


def text(case, name):
    """A string of a case, as bytes."""
    if name + "_hex" in case:
        return bytes.fromhex(case[name + "_hex"])
    return (case.get(name) or "").encode("utf-8", "surrogatepass")


def put_answers():
    for case in load("vectors/verdict-receipt.json") + load("vectors/verdict-exchange.json"):
        request, response, nonce = (text(case, name) for name in ("request", "response", "nonce"))
        if len(request) + len(response) > 6000:
            continue
        options = {"GET": GET, "HEAD": HEAD}.get(case["method"], 0) | (NONCE if nonce else 0)
        put("answer", bytes([options]) + part(request) + part(nonce) + response)
        put("json", part(request) + response.split(b"\r\n\r\n", 1)[-1])
    for request, reply in zip(REQUESTS, REPLIES):
        put("json", part(request) + reply)


def put_documents():
    documents = {case["name"]: case["document"] for case in load("attestation/documents.json")}
    for name in DOCUMENTS:
        put("document", bytes.fromhex(documents[name]))
    put("document", documents["root-alone"].encode() + b"\n")
    for item in ITEMS + [one for one in documents.values() if len(one) < 400]:
        put("document", bytes.fromhex(item))


def question(what, method=b"POST", path=b"/api/generate", nonce=b"n-1", status=200, strings=(), lens=None):
    """struct oracle_question as it lies in memory, and the strings behind it."""
    lens = lens or [len(one) for one in strings] or [0] * 5
    head = struct.pack("<cxxxI8s16s129s32s32s", what, status, method, path, nonce, b"\1" * 32, b"\2" * 32)
    return head + bytes(-len(head) % 8) + struct.pack("<5Q", *lens) + b"".join(strings)


def put_questions():
    strings = [b"llama3.2", b"Why?", b"[]", b"x" * 33, b"[1,2,3]"]
    both = question(b"B", strings=strings)
    for questions in (
            question(b"P"), question(b"P")[:100], question(b"X"), question(b"E"), both, question(b"B"),
            question(b"E", b"GET", b"/health", b""), question(b"E", nonce=b"a" * 129),
            question(b"E", path=b"/api/generate\0xy"), question(b"E", status=99),
            question(b"B", lens=[2**40 + 1, 0, 0, 0, 0]), question(b"B", lens=[2**63, 2**64 - 1, 0, 0, 0]),
            question(b"B", lens=[4, 0, 0, 0, 0]) + b"x",
            both + question(b"P") + question(b"E", b"HEAD", b"/oyster/signer")):
        put("oracle", b"\xff" + questions)
    put("oracle", b"\x01" + both)
    put("oracle", b"\x07" + 3 * both)


def call(options, params, body):
    """Parameters by their number in fuzz_respond.c or by their name."""
    content = bytes([options])
    for name, value in params:
        content += (bytes([name]) if isinstance(name, int) else b"\0" + part(name)) + part(value)
    return content + b"\0" + part(b"") + part(b"") + body


def put_calls():
    good = b'{"model":"llama3.2","prompt":"Why?","context":[1,2]}'
    path = [(1, b"POST"), (2, b"/api/generate"), (3, b"%d" % len(good))]
    digest = base64.b64encode(hashlib.sha256(good).digest())
    for options in (0, 1, 2, 4, 8, 10, 16, 24, 32, 34, 40):
        put("respond", call(options, path, good))
    for more in ((4, b"n-1"), (4, b"a\r\nb"), (5, b"sha-256=:" + digest + b":"), (5, b"sha-256=:AA==:"), (2, b"/health"),
                 (1, b"GET"), (b"HTTP_HOST", b"a"), (b"HTTP_X_OYSTER_NONCE", b""), (b"X" * 200, b"y" * 300)):
        put("respond", call(0, path + [more], good))
    for method, target in ((b"GET", b"/health"), (b"HEAD", b"/oyster/signer?x"), (b"GET", b"/api/generate"), (b"", b"*")):
        put("respond", call(0, [(1, method), (2, target)], b""))
    for body in REQUESTS + [good[:-1] + b',"stream":true}', b"x" * 2001, b"", b'{"model":"m","context":[1000]}']:
        put("respond", call(2, path[:2] + [(3, b"%d" % len(body))], body))


def put_shown():
    info = b'"general.architecture":"llama","a":{"b":[{}]},"llama.vocab_size":%d,"tokenizer.ggml.tokens":%s'
    for size, tokens in ((12, b"null"), (0, b'["a","\\"","[{"]'), (9, b"[]")):
        put("show", b"\7" + b'{"license":"\\n","model_info":{' + info % (size, tokens) + b'},"modified_at":"x"}')
    cut = b'{"model_info":{"tokenizer.ggml.model":"gpt2","tokenizer.ggml.pre":"%s","tokenizer.ggml.tokens":[%s]}}'
    tokens = '"letter","\u0120and","\u010a","12","\u00e4\u00b8\u0138","\u0142\u0143","\\u003c\\\\a","\u2581"'.encode()
    for pre in b"qwen2", b"viking", b"llama-bpe":
        put("show", b"\3" + cut % (pre, tokens))


def main():
    put_answers()
    put_calls()
    put_shown()
    put_documents()
    put_questions()
    for field in DIGESTS:
        put("digest", field.encode())


main()
