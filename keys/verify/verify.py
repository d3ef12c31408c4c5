"""python3 verify.py ADDRESS REQUEST ANSWER [NONCE [METHOD PATH]]: did ADDRESS sign what `curl -si' saved as ANSWER to the request whose
body is in the file REQUEST?  Wants Debian's python3-ecdsa and python3-pycryptodome, or PyPI's ecdsa and pycryptodomex; see oyster-receipt(7)."""
import base64, hashlib, json, re, sys
from Cryptodome.Hash import keccak
from ecdsa import SECP256k1, VerifyingKey
address, request, answer, nonce, method, path = sys.argv[1:] + ["", "POST", "/api/generate"][len(sys.argv) - 4:]
request, answer = (open(name, "rb").read() for name in (request, answer))
is_unset = lambda value, keys: all(value.get(key) in (None, "", {}, [], False) for key in keys.split())
need = lambda ok, what: ok or sys.exit(f"not verified: {what}")
keccak256 = lambda data: keccak.new(digest_bits=256, data=data).digest()  # not SHA3
def is_signer(digest, sig):  # r s v; of the two keys that a signature fits, that of the even y comes first
    r, s, v, n = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:64], "big"), sig[64:], SECP256k1.order
    need(v in (b"\x1b", b"\x1c") and 0 < r < n and 0 < s <= n // 2, "r, s or v")
    return "0x" + keccak256(VerifyingKey.from_public_key_recovery_with_digest(sig[:64], digest, SECP256k1)[sig[64] - 27].to_string())[12:].hex() == address.lower()
def read(data):  # no key twice; numbers become bytes, as they are written
    value = json.loads(data.decode(), parse_int=str.encode, object_pairs_hook=lambda all: need(len(dict(all)) == len(all), "a key twice") and dict(all))
    return value, b"[%b]" % b",".join([] if value.get("context") is None else value["context"])
head, status, body = re.fullmatch(rb"(?:HTTP/\S+ 1(?:(?!\n\r?\n)[^\0])*\n\r?\n)*(HTTP/\S+ ([2-9]\d\d)\b(?:(?!\n\r?\n)[^\0])*\n)\r?\n((?s:.*))", answer).groups()
seconds, receipt, given, value, *digests = (", ".join(re.findall(rf"(?mi)^{name}:[ \t]*(.*?)[ \t\r]*$", head.decode("latin-1")))
    for name in "x-oyster-timestamp x-oyster-signature signature-input signature content-digest x-oyster-request-digest".split())
if seconds or receipt:
    asked, context = read(request)
    replies = [read(line) for line in (re.fullmatch(rb"([^\n]+)\n([^\n]+)\n", body).groups() if asked.get("stream") is True and b"\n" in body else [body])]
    need((method, path, status) == ("POST", "/api/generate", b"200") and is_unset(asked, "system template suffix format raw images think truncate shift logprobs top_logprobs options"), "a receipt does not say this")
    need(all(reply["model"] == asked["model"] and reply["done"] is (reply is replies[-1][0]) and is_unset(reply, "error remote_host remote_model") and
        (its == replies[-1][1] or reply.get("context") is None and not reply["done"]) for reply, its in replies) and not (replies[1:] and replies[1][0]["response"]), "not one answer")
    texts = asked["model"], "" if asked.get("prompt") is None else asked["prompt"], context.decode(), replies[0][0]["response"]
    padded = [len(one).to_bytes(32, "big") + one + bytes(-len(one) % 32) for one in [*map(str.encode, texts), replies[-1][1]]]
    need(is_signer(keccak256(b"".join([b"|oyster-hasher||timestamp|", int(re.fullmatch("0|[1-9][0-9]*", seconds)[0]).to_bytes(8, "big"), b"|ollama_signature_parameters|",
        *((160 + sum(map(len, padded[:i]))).to_bytes(32, "big") for i in range(5)), *padded])), bytes.fromhex(re.fullmatch("(?:0x)?([0-9a-f]{130})", receipt)[1])), "x-oyster-signature")
if given or value or any(digests):
    created, its = re.search(r'created=(0|[1-9][0-9]*)((?:;nonce="[A-Za-z0-9._~+/=-]{1,128}")?);', given).groups()
    its, params = its[8:-1], f'("@status" "@method";req "@path";req "content-digest" "x-oyster-request-digest");created={created}{its};keyid="{address.lower()}";tag="oyster"'
    need(re.fullmatch("POST /api/generate|(GET|HEAD) /(health|oyster/signer)", f"{method} {path}") and given == f"oyster={params}" and created == (seconds or created) and nonce in ("", its) and
         digests == [f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:" for data in (body, request)], "input, nonce or digest")
    base, sig = f'"@status": {status.decode()}\n"@method";req: {method}\n"@path";req: {path}\n"content-digest": {digests[0]}\n' \
        f'"x-oyster-request-digest": {digests[1]}\n"@signature-params": {params}', base64.b64decode(value[8:-1], validate=True)
    need(value == f"oyster=:{base64.b64encode(sig).decode()}:" and is_signer(keccak256(f"\x19Ethereum Signed Message:\n{len(base)}{base}".encode()), sig), "signature")
print(need(value or receipt and not nonce, "no signature") and f"signed by {address}:{' receipt' * bool(receipt)}{' exchange' * bool(value)}")
