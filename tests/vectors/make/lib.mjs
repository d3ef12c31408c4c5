// What both generators need.  Signatures and Keccak-256 are ethers', SHA-256 is
// node's; nothing of this repository's own code is used.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { SigningKey, computeAddress, hexlify, toBeHex } from "ethers";

export const KEY = `0x${"01".repeat(32)}`;
export const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
export const P = 2n ** 256n - 2n ** 32n - 977n;

export const addressOf = (key) => computeAddress(key).toLowerCase();
export const hex = (bytes) => hexlify(bytes).slice(2);
export const word = (number) => toBeHex(number, 32).slice(2);
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
export const digestField = (bytes) => `sha-256=:${sha256(bytes).toString("base64")}:`;

// r s v as 130 hex digits: RFC 6979, low s.
export function sign(digest, key = KEY) {
	return new SigningKey(key).sign(digest).serialized.slice(2);
}

// The three numbers of a signature, changed.
export function change(sig, how) {
	const rsv = { r: BigInt(`0x${sig.slice(0, 64)}`), s: BigInt(`0x${sig.slice(64, 128)}`),
		v: parseInt(sig.slice(128), 16) };
	const { r, s, v } = { ...rsv, ...how(rsv) };
	return word(r) + word(s) + v.toString(16).padStart(2, "0");
}

// What can be done to any signature so that it must be refused.
export const MISTAKES = [
	["v of the other key", "recovers to another address", ({ v }) => ({ v: 55 - v })],
	["v 0 or 1", "v is 27 or 28", ({ v }) => ({ v: v - 27 })],
	["v 26", "v is 27 or 28", () => ({ v: 26 })],
	["v 29 or 30", "v is 27 or 28", ({ v }) => ({ v: v + 2 })],
	["v 37 or 38, as in transactions", "v is 27 or 28", ({ v }) => ({ v: v + 10 })],
	["v 255", "v is 27 or 28", () => ({ v: 255 })],
	["high s, v to match", "s is at most n / 2: this is the twin of a good signature",
		({ s, v }) => ({ s: N - s, v: 55 - v })],
	["high s, v as it was", "s is at most n / 2", ({ s }) => ({ s: N - s })],
	["r = 0", "r is 1 to n - 1", () => ({ r: 0n })],
	["s = 0", "s is 1 to n / 2", () => ({ s: 0n })],
	["r and s 0", "r is 1 to n - 1", () => ({ r: 0n, s: 0n })],
	["r = n", "r is 1 to n - 1", () => ({ r: N })],
	["s = n", "s is 1 to n / 2", () => ({ s: N })],
	["s = n + 1", "s is 1 to n / 2", () => ({ s: N + 1n })],
	["s = n / 2 + 1", "s is at most n / 2", () => ({ s: N / 2n + 1n })],
	["r = 5, of no point", "there is no point of the curve with this x", () => ({ r: 5n })],
	["r = p", "r is 1 to n - 1", () => ({ r: P })],
	["one bit of r", "recovers to another address, or to none", ({ r }) => ({ r: r ^ 1n })],
	["one bit of s", "recovers to another address", ({ s }) => ({ s: s ^ 1n })],
	["all bits set", "r is 1 to n - 1", () => ({ r: 2n ** 256n - 1n, s: 2n ** 256n - 1n, v: 255 })],
];

// A saved answer, as `curl -si' writes it.
export function saved(status, lines, body) {
	const reason = { 200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found", 502: "Bad Gateway", 503: "Service Unavailable" };
	const head = [`HTTP/1.1 ${status} ${reason[status]}`, ...lines, "", ""].join("\r\n");
	return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

// The bytes as text where they are UTF-8, else in hex.
export function bytesAs(name, bytes) {
	const text = Buffer.from(bytes).toString("utf8");
	return Buffer.from(text).equals(Buffer.from(bytes)) ? { [name]: text } : { [`${name}_hex`]: hex(bytes) };
}

export function write(file, head, cases) {
	const names = new Set(cases.map((one) => one.name));
	if (names.size !== cases.length)
		throw new Error("a name stands twice");
	// ASCII alone: no editor and no mail will change it.
	const text = JSON.stringify({ ...head, cases }, null, 1).replace(/[\u007f-\uffff]/g,
		(unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
	writeFileSync(file, `${text}\n`);
	const refused = cases.filter((one) => one.verdict === "refuse").length;
	console.log(`${file}: ${cases.length - refused} to verify, ${refused} to refuse`);
}
