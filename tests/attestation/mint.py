#!/usr/bin/python3
"""Makes the attestation documents beside it: good ones and bad ones.

    tests/attestation/mint.py      (needs Debian's python3-cryptography)

documents.json holds all of them with their verdicts; a few, and the root, are
files as well.  The enclave's key is 32 bytes of 0x01; the keys of the
certificates are small numbers, worth nothing.  Signatures are random, so each
run gives other bytes.
"""

import datetime
import hashlib
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

HERE = os.path.dirname(os.path.abspath(__file__))
TIME = 1741620242  # 2025-03-10T15:24:02Z
ADDRESS = "0x1a642f0e3c3af545e7acbd38b07251b3990914f1"
PUBLIC = bytes.fromhex(
    "1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"
    "70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1")
HOUR = 3600
YEARS = 10 * 365 * 24 * HOUR


class Tag:
    """A tagged value (RFC 8949, section 3.4)."""

    def __init__(self, number, value):
        self.number, self.value = number, value


class Raw(bytes):
    """Bytes that are CBOR already."""


def head(major, number):
    for width, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * width:
            return bytes([major << 5 | code]) + number.to_bytes(width, "big")
    raise ValueError(number)


def cbor(value):
    """As much of RFC 8949 as a document needs.  A map is a list of pairs."""
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        value = value.items()
    if isinstance(value, Tag):
        return head(6, value.number) + cbor(value.value)
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value)


class Pairs(tuple):
    """A map that may have a key twice."""


def key(number, curve=None):
    return ec.derive_private_key(number, curve or ec.SECP384R1())


ROOT, REGION, INSTANCE, LEAF, STRANGER = (key(n) for n in range(0x1001, 0x1006))


def der(subject, issuer, public, signer, ca, **change):
    """A certificate.  ca is None, or the path length that it allows (-1: any)."""
    builder = (x509.CertificateBuilder()
               .subject_name(x509.Name.from_rfc4514_string(subject))
               .issuer_name(x509.Name.from_rfc4514_string(issuer))
               .public_key(public)
               .serial_number(change.get("serial", 7))
               .not_valid_before(datetime.datetime.utcfromtimestamp(change.get("begin", TIME - HOUR)))
               .not_valid_after(datetime.datetime.utcfromtimestamp(change.get("end", TIME + 2 * HOUR))))
    if change.get("basic", True):
        length = None if ca in (None, -1) else ca
        builder = builder.add_extension(x509.BasicConstraints(ca is not None, length), True)
    if change.get("usage", True):
        sign = change.get("may_sign", ca is not None)
        use = change.get("may_use", True)
        builder = builder.add_extension(x509.KeyUsage(
            use, False, False, False, not use, sign, sign, False, False), True)
    for extra in change.get("extensions", []):
        builder = builder.add_extension(*extra)
    return builder.sign(signer, change.get("hash", hashes.SHA384())).public_bytes(
        serialization.Encoding.DER)


ROOT_DER = der("CN=test root", "CN=test root", ROOT.public_key(), ROOT, -1,
               begin=TIME - YEARS, end=TIME + YEARS)


def region(**change):
    issuer = change.pop("issuer", "CN=test root")
    return der("CN=region", issuer, REGION.public_key(), change.pop("signer", ROOT),
               change.pop("ca", 1), begin=change.pop("begin", TIME - 24 * HOUR),
               end=change.pop("end", TIME + 24 * HOUR), **change)


def instance(**change):
    return der("CN=instance", change.pop("issuer", "CN=region"), INSTANCE.public_key(),
               change.pop("signer", REGION), change.pop("ca", 0), **change)


def leaf(**change):
    return der("CN=leaf", change.pop("issuer", "CN=instance"),
               change.pop("public", LEAF.public_key()),
               change.pop("signer", INSTANCE), change.pop("ca", None), **change)


BUNDLE = [ROOT_DER, region(), instance()]
PCRS = {n: bytes(48) for n in range(16)}
PCRS.update({n: hashlib.sha384(b"test PCR %d" % n).digest() for n in (0, 1, 2, 4)})
PCR16 = hashlib.sha384(bytes(48) + hashlib.sha256(b"test init params").digest()).digest()


def payload(**change):
    fields = {
        "module_id": "i-00000000000000000-enc0000000000000000",
        "digest": "SHA384",
        "timestamp": TIME * 1000 + 123,
        "pcrs": {**PCRS, 16: PCR16},
        "certificate": leaf(),
        "cabundle": BUNDLE,
        "public_key": PUBLIC,
        "user_data": None,
        "nonce": None,
    }
    for name, value in change.items():
        if value is ...:
            del fields[name]
        else:
            fields[name] = value
    return cbor(fields)


def sign(body, protected, signer, digest):
    structure = cbor(["Signature1", protected, b"", body])
    pair = utils.decode_dss_signature(signer.sign(structure, ec.ECDSA(digest)))
    size = (signer.curve.key_size + 7) // 8
    return b"".join(number.to_bytes(size, "big") for number in pair)


def document(body=None, protected=cbor({1: -35}), unprotected=None, signer=LEAF,
             digest=hashes.SHA384(), tag=None, parts=None, **change):
    body = payload(**change) if body is None else body
    cose = [protected, unprotected or {}, body, sign(body, protected, signer, digest)]
    cose = cose if parts is None else parts(cose)
    return cbor(Tag(tag, cose) if tag else cose)


def image_id(pcrs):
    zeros = bytes(48)
    return hashlib.sha256(bytes.fromhex("00010007") + b"".join(
        pcrs.get(n, zeros) for n in (0, 1, 2, 16))).hexdigest()


GOOD_IMAGE = image_id({**PCRS, 16: PCR16})
CASES = []
FILES = ("good", "x25519", "debug")


def case(name, content, image=GOOD_IMAGE, address=ADDRESS):
    CASES.append({"name": name, "verdict": "verify", "image_id": image,
                  "address": address, "document": content.hex()})


def bad(name, reason, content):
    """reason: a part of the line that refuses it."""
    CASES.append({"name": name, "verdict": "refuse", "reason": reason,
                  "document": content.hex()})


def good_ones():
    case("good", document())
    case("no-pcr16", document(pcrs=PCRS), image_id(PCRS))
    case("x25519", document(public_key=bytes(range(32))), address=None)
    case("no-key", document(public_key=None), address=None)
    case("off-curve", document(public_key=bytes(63) + b"\x05"), address=None)
    case("nonce", document(nonce=b"n" * 512, user_data=b""))
    case("root-alone", document(cabundle=[ROOT_DER], certificate=leaf(
        issuer="CN=test root", signer=ROOT)))
    case("new-field", document(extra=[1, "two", {3: [None, b"4"]}]))
    case("other-order", document(body=cbor(dict(reversed(list(cbor_fields().items()))))))


def cbor_fields():
    return {
        "module_id": "i-1", "digest": "SHA384", "timestamp": TIME * 1000,
        "pcrs": {**PCRS, 16: PCR16}, "certificate": leaf(), "cabundle": BUNDLE,
        "public_key": PUBLIC, "user_data": None, "nonce": None,
    }


def bad_envelopes():
    why = "no untagged COSE_Sign1"
    bad("tagged", why, document(tag=18))
    bad("trailing", why, document() + b"\0")
    bad("cut", why, document()[:-1])
    bad("five-parts", why, document(parts=lambda cose: cose + [None]))
    bad("unprotected", why, document(unprotected={4: b"kid"}))
    bad("es256", why, document(protected=cbor({1: -7})))
    bad("long-length", why, document(parts=lambda cose: [
        Raw(b"\x58\x04" + cose[0]), *cose[1:]]))
    bad("short-signature", why, document(parts=lambda cose: [*cose[:3], cose[3][:95]]))
    bad("indefinite", why, b"\x9f" + document()[1:] + b"\xff")
    bad("huge-length", why, bytes.fromhex("8444a1013822a05bffffffffffffffff") + bytes(64))
    bad("huge-array", why, bytes.fromhex("9bffffffffffffffff") + bytes(64))


def bad_payloads():
    bad("sha256-digest", "another digest than SHA384", document(body=payload(digest="SHA256")))
    bad("no-module", "no proper module_id", document(module_id=...))
    bad("no-timestamp", "no proper timestamp", document(timestamp=...))
    bad("negative-time", "no proper timestamp", document(timestamp=-5))
    bad("pcr-32-bytes", "no proper pcrs", document(pcrs={0: bytes(32)}))
    bad("pcr-32", "no proper pcrs", document(pcrs={**PCRS, 32: bytes(48)}))
    bad("pcr-twice", "no proper pcrs", document(
        pcrs=Pairs([*PCRS.items(), (0, bytes(48))])))
    bad("no-bundle", "no proper cabundle", document(cabundle=[]))
    bad("long-bundle", "no proper cabundle", document(cabundle=BUNDLE * 3))
    bad("huge-certificate", "no proper certificate", document(certificate=bytes(4096)))
    bad("key-twice", "a field twice", document(body=cbor(Pairs(
        [*cbor_fields().items(), ("public_key", PUBLIC)]))))
    bad("key-is-text", "public_key that is neither", document(public_key="0x00"))
    bad("tag-inside", "field of unknown form", document(extra=Tag(1, 2)))
    bad("deep", "field of unknown form", document(extra=Raw(b"\x81" * 9000)))
    bad("huge-map", "field of unknown form", document(extra=Raw(b"\xbb" + b"\x80" * 8)))
    bad("bytes-behind", "bytes behind its payload", document(body=payload() + b"\0"))


def bad_certificates():
    def with_leaf(**change):
        return document(certificate=leaf(**change))

    def with_instance(**change):
        return document(cabundle=[*BUNDLE[:2], instance(**change)])

    bad("another-signer", "key did not sign", document(signer=STRANGER))
    bad("garbage-leaf", "is no certificate", document(certificate=b"\x30\x03\x02\x01\x05"))
    bad("leaf-trailing", "is no certificate", document(certificate=leaf() + b"\0"))
    bad("leaf-p256", "no key on the curve P-384",
        with_leaf(public=key(0x2001, ec.SECP256R1()).public_key()))
    bad("leaf-expired", "not valid any more", with_leaf(begin=TIME - 4 * HOUR, end=TIME - HOUR))
    bad("leaf-early", "not valid yet", with_leaf(begin=TIME + HOUR))
    bad("leaf-authority", "certificate 1 (the leaf) is that of a certificate authority", with_leaf(ca=0))
    bad("leaf-no-usage", "may not sign documents", with_leaf(usage=False))
    bad("leaf-other-usage", "may not sign documents",
        with_leaf(may_use=False))
    bad("leaf-sha256", "not signed with ecdsa-with-SHA384", with_leaf(hash=hashes.SHA256()))
    bad("leaf-critical", "critical extension", with_leaf(extensions=[
        (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), True)]))
    bad("leaf-forged", "not signed by the next", with_leaf(signer=STRANGER))
    bad("leaf-other-issuer", "not issued by the next", with_leaf(issuer="CN=region"))
    bad("instance-expired", "certificate 2 was not valid any more",
        with_instance(begin=TIME - 4 * HOUR, end=TIME - HOUR))
    bad("instance-no-ca", "certificate 2 is not that of a certificate authority", with_instance(ca=None))
    bad("instance-no-basic", "is not that of a certificate authority", with_instance(basic=False))
    bad("instance-no-usage", "may not sign certificates", with_instance(usage=False))
    bad("instance-may-not", "may not sign certificates", with_instance(may_sign=False))
    bad("instance-names", "critical extension", with_instance(extensions=[
        (x509.NameConstraints([x509.DNSName("example.org")], None), True)]))
    bad("region-no-room", "too many authorities below", document(
        cabundle=[ROOT_DER, region(ca=0), instance()]))
    bad("bundle-reversed", "certificate 1 (the leaf) was not issued by the next",
        document(cabundle=BUNDLE[::-1]))
    bad("bundle-gap", "certificate 2 was not issued by the next", document(cabundle=[ROOT_DER, instance()]))
    bad("no-root", "certificate 3 is not its own issuer's", document(cabundle=BUNDLE[1:]))
    fake = der("CN=test root", "CN=test root", STRANGER.public_key(), STRANGER, -1,
               begin=TIME - YEARS, end=TIME + YEARS)
    bad("other-root", "do not end in the root", document(
        cabundle=[fake, region(signer=STRANGER), instance()]))
    # The root's key, but not the certificate that is trusted.
    twin = der("CN=test root", "CN=test root", ROOT.public_key(), ROOT, -1,
               begin=TIME - YEARS, end=TIME + YEARS, serial=8)
    bad("twin-root", "do not end in the root", document(cabundle=[twin, *BUNDLE[1:]]))
    bad("root-not-self-signed", "is not signed by itself", document(cabundle=[
        der("CN=test root", "CN=test root", ROOT.public_key(), STRANGER, -1,
            begin=TIME - YEARS, end=TIME + YEARS), *BUNDLE[1:]]))


def bad_statements():
    bad("future", "in the future", document(timestamp=(TIME + HOUR) * 1000))
    bad("debug", "debug mode", document(pcrs={**{n: bytes(48) for n in range(16)}, 16: PCR16}))


def write(name, content):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(content)


def write_root():
    numbers = ROOT.public_key().public_numbers()
    write("root.key", numbers.x.to_bytes(48, "big") + numbers.y.to_bytes(48, "big"))
    write("root.der", ROOT_DER)
    write("root.pem", x509.load_der_x509_certificate(ROOT_DER).public_bytes(
        serialization.Encoding.PEM))


def main():
    good_ones()
    bad_envelopes()
    bad_payloads()
    bad_certificates()
    bad_statements()
    write_root()
    for one in CASES:
        if one["name"] in FILES:
            write(one["name"] + ".bin", bytes.fromhex(one["document"]))
    write("documents.json", (json.dumps({
        "made_by": "tests/attestation/mint.py with python3-cryptography",
        "root": ROOT_DER.hex(), "seconds": TIME, "pcr0": PCRS[0].hex(),
        "pcr16": PCR16.hex(), "public_key": PUBLIC.hex(), "cases": CASES,
    }, indent=1) + "\n").encode())


main()
