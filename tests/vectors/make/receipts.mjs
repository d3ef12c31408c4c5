#!/usr/bin/env node
// receipts.mjs FILE: makes verdict-receipt.json.
//
// A case is an answer as it was saved, what was asked, and the address that is
// expected.  `strings' and `seconds' are what a verifier takes out of them;
// `encoded' and `digest' what it makes of those.
import { AbiCoder, SigningKey, concat, hashMessage, keccak256, toBeHex, toUtf8Bytes } from "ethers";
import { createHash } from "node:crypto";
import { KEY, MISTAKES, N, addressOf, bytesAs, change, hex, saved, sign, word, write } from "./lib.mjs";

const cases = [];
const ADDRESS = addressOf(KEY);
const NAMES = ["model", "prompt", "request_context", "response", "response_context"];
const PLAIN = { model: "llama3.2", prompt: "Why is the sky blue?", request_context: "[]",
	response: "Because of Rayleigh scattering.", response_context: "[1,2,3]" };
const utf8 = (text) => Buffer.from(text);

function message(seconds, encoded) {
	return concat([toUtf8Bytes("|oyster-hasher||timestamp|"), toBeHex(seconds, 8),
		toUtf8Bytes("|ollama_signature_parameters|"), encoded]);
}

function abi(strings) {
	return AbiCoder.defaultAbiCoder().encode(Array(5).fill("string"), NAMES.map((name) => strings[name]));
}

const digestOf = (seconds, strings) => keccak256(message(seconds, abi(strings)));

// The encoding with a mistake: how to pad a string's bytes, and what to say of its length.
function wrongAbi(strings, pad, length = (bytes) => bytes.length, first = 160) {
	let heads = "", tails = "";
	for (const name of NAMES) {
		const bytes = Buffer.isBuffer(strings[name]) ? strings[name] : utf8(strings[name]);
		heads += word(first + tails.length / 2);
		tails += word(length(bytes, strings[name])) + hex(bytes) + pad(bytes.length);
	}
	return `0x${heads}${tails}`;
}

const PAD = (length) => "00".repeat((32 - length % 32) % 32);

function requestOf({ model, prompt, request_context: context }, more = {}) {
	return JSON.stringify({ model, prompt, ...(context === "[]" ? {} : { context: JSON.parse(context) }), ...more });
}

function replyOf({ model, response, response_context: context }) {
	return JSON.stringify({ model, created_at: "2025-03-10T15:24:02.123456789Z", response, done: true,
		done_reason: "stop", ...(context === "[]" ? {} : { context: JSON.parse(context) }) });
}

function stream({ model, response, response_context: context }) {
	const line = { model, created_at: "2025-03-10T15:24:02.123456789Z" };
	return `${JSON.stringify({ ...line, response, done: false, context: JSON.parse(context) })}\n` +
		`${JSON.stringify({ ...line, response: "", done: true, done_reason: "stop", context: JSON.parse(context) })}\n`;
}

// what: the strings that differ from PLAIN, and
//	request, body	bytes or text; made of the strings when left out
//	signed		the digest under the signature, when it is not the right one
//	spoil		changes the signature's text
//	method, path	of the request
//	head		changes the header lines; raw changes the whole saved answer
function make(name, what = {}) {
	const strings = { ...PLAIN };
	for (const key of NAMES)
		strings[key] = what[key] ?? PLAIN[key];
	const seconds = BigInt(what.seconds ?? 1741620242);
	const encoded = abi(strings), digest = keccak256(message(seconds, encoded));
	const signed = what.signed ? what.signed(strings, seconds) : digest;
	const signature = (what.spoil ?? ((sig) => sig))(sign(signed, what.key));
	const lines = [`content-type: ${what.type ?? "application/json; charset=utf-8"}`,
		`x-oyster-timestamp: ${what.timestamp ?? seconds}`, `x-oyster-signature: ${signature}`];
	const body = what.body ?? replyOf(strings);
	const answer = saved(what.status ?? 200, (what.head ?? ((same) => same))(lines), body);
	return {
		name, verdict: "verify",
		address: what.address ?? addressOf(what.key ?? KEY), method: what.method ?? "POST", path: what.path ?? "/api/generate", nonce: null,
		...bytesAs("request", what.request ?? requestOf(strings)),
		...bytesAs("response", what.raw ? what.raw(answer) : answer),
		seconds: String(seconds), strings, encoded: encoded.slice(2), digest: digest.slice(2),
		...(signed === digest ? {} : { digest_signed: signed.slice(2) }),
		signature: signature.replace(/^0x/, ""),
	};
}

function verify(name, what) {
	cases.push(make(name, what));
}

// The signature is wrong for these strings, whatever they came from.
function refuse(name, reason, what) {
	cases.push({ ...make(name, what), verdict: "refuse", refused_by: "signature", reason });
}

// Something is wrong before a digest is made; the signature may even be good.
function refuseForm(name, reason, what) {
	const { seconds, strings, encoded, digest, digest_signed, signature, ...rest } = make(name, what);
	cases.push({ ...rest, verdict: "refuse", refused_by: "form", reason });
}

// --- must verify: strings ---

verify("plain");
verify("a context in both", { request_context: "[128006,9125]", response_context: "[128006,9125,128007]" });
verify("all empty but the model", { model: "m", prompt: "", response: "", response_context: "[]", seconds: 0 });
verify("no prompt", { prompt: "", request: '{"model":"llama3.2"}' });
verify("the prompt is null", { prompt: "", request: '{"model":"llama3.2","prompt":null}' });
for (const length of [31, 32, 33, 63, 64, 65])
	verify(`a prompt of ${length} bytes`, { prompt: "p".repeat(length) });
for (const length of [31, 32, 33])
	verify(`an answer of ${length} bytes`, { response: "x".repeat(length) });
verify("a model of 32 bytes", { model: "m".repeat(32) });
verify("contexts of 31 and 32 bytes", { request_context: `[${"1".repeat(9)},${"2".repeat(9)},${"3".repeat(9)}]`,
	response_context: `[${"1".repeat(9)},${"2".repeat(9)},${"1".repeat(10)}]` });
verify("lengths in bytes, not characters", { prompt: "\u00e9".repeat(16) + "\u{1f980}", response: "\u20ac".repeat(11) });
verify("5,000 bytes", { prompt: "0123456789".repeat(500) });
verify("a NUL in prompt and answer", { prompt: "a\0b", response: "\0" });
verify("control characters", { prompt: "\b\t\n\v\f\r\x1b\x7f", response: "\r\n" });
verify("the ends of Unicode", { prompt: "\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\u{10000}\u{10ffff}" });
verify("a byte order mark in a string", { prompt: "\ufefftext" });
verify("not normalised", { prompt: "e\u0301 \u00e9 \ufb01" });
verify("right to left and joined", { prompt: "\u202e\u05d0\u200d", response: "\u{1f468}\u200d\u{1f469}" });

// --- must verify: spellings ---

verify("escapes in the request", { prompt: "caf\u00e9 \u{1f980} \"q\" \\ / \n",
	request: String.raw`{"model":"llama3.2","prompt":"caf\u00E9 \ud83e\udd80 \"q\" \\ \/ \n"}` });
verify("escapes in the answer", { response: "<a> & \u2028 \u{1f980}",
	body: String.raw`{"model":"llama3.2","response":"\u003ca\u003e \u0026 \u2028 \uD83E\uDD80","done":true,"context":[1,2,3]}` });
verify("an escaped key", { request: String.raw`{"model":"llama3.2","\u0070rompt":"Why is the sky blue?"}` });
verify("an escaped backslash before u", { prompt: "\\ud800",
	request: String.raw`{"model":"llama3.2","prompt":"\\ud800"}` });
verify("white space in contexts", { request_context: "[1,2]", response_context: "[3,4]",
	request: '{"model":"llama3.2","prompt":"Why is the sky blue?","context":[ 1 ,\t2 ]}',
	body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","done":true,"context":[\n 3,\r\n 4\n]}' });
verify("empty contexts", { response_context: "[]",
	request: '{"model":"llama3.2","prompt":"Why is the sky blue?","context":[ ]}',
	body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","done":true,"context":[]}' });
verify("contexts are null", { response_context: "[]",
	request: '{"model":"llama3.2","prompt":"Why is the sky blue?","context":null}',
	body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","done":true,"context":null}' });
verify("other keys, nested and in capitals", {
	request: '{"x":{"prompt":"no"},"Prompt":"no","prompt":"Why is the sky blue?","model":"llama3.2","stream":false,"keep_alive":"5m"}',
	body: '{"Response":"no","y":[{"response":"no"}],"response":"Because of Rayleigh scattering.","context":[1,2,3],"done":true,"model":"llama3.2","total_duration":4648158584}' });
verify("fields outside of a receipt, but not set", {
	request: '{"model":"llama3.2","prompt":"Why is the sky blue?","system":"","template":null,"options":{},"images":[],"raw":false}' });
verify("white space around it all", { request: ` \r\n\t${requestOf(PLAIN)}\n`, body: `\n${replyOf(PLAIN)} \n` });
verify("two lines", { type: "application/x-ndjson", request: requestOf(PLAIN, { stream: true }), body: stream(PLAIN) });
verify("two lines with escapes", { type: "application/x-ndjson", response: "a\nb\u2028",
	request: requestOf(PLAIN, { stream: true }), body: stream({ ...PLAIN, response: "a\nb\u2028" }) });
verify("two lines, whatever their type", { request: requestOf(PLAIN, { stream: true }), body: stream(PLAIN) });
verify("one object without a line feed, as there was before there were lines", { request: requestOf(PLAIN, { stream: true }) });
verify("one object, whatever its type", { type: "application/x-ndjson" });
verify("two lines, the first without a context", { type: "application/x-ndjson", request: requestOf(PLAIN, { stream: true }),
	body: stream(PLAIN).replace(',"context":[1,2,3]', "") });
verify("an error and a remote host that are not set", { body: replyOf(PLAIN).replace("{", '{"error":"","remote_host":null,') });

// --- must verify: heads ---

const upper = (lines) => lines.map((line) => line.replace(/^[^:]*/, (name) => name.toUpperCase()));
verify("header names in capitals", { head: upper });
verify("lines that end in LF", { raw: (answer) => Buffer.from(answer.toString().replaceAll("\r\n", "\n")) });
verify("no space, and more space, after the colon", { head: (lines) => lines.map((line, i) => line.replace(": ", i % 2 ? ":" : ": \t ")) });
verify("100 Continue before it", { raw: (answer) => Buffer.concat([utf8("HTTP/1.1 100 Continue\r\n\r\n"), answer]) });
verify("0x in front of the signature", { spoil: (sig) => `0x${sig}` });
verify("a header without a meaning twice", { head: (lines) => ["via: a", "via: b", ...lines] });

// --- must verify: numbers ---

for (const seconds of [1, 2147483648n, 4294967296n, 253402300799n, 999999999999999n])
	verify(`second ${seconds}`, { seconds });
verify("the key is 1", { key: `0x${word(1)}` });
verify("the key is n - 1", { key: `0x${word(N - 1n)}` });

// The first second from which on the digest's signature is like that.
function find(like) {
	for (let seconds = 1741620242n; ; seconds++)
		if (like(sign(digestOf(seconds, PLAIN)), digestOf(seconds, PLAIN)))
			return seconds;
}
verify("v is 27", { seconds: find((sig) => sig.endsWith("1b")) });
verify("v is 28", { seconds: find((sig) => sig.endsWith("1c")) });
verify("r begins with a zero byte", { seconds: find((sig) => sig.startsWith("00")) });
verify("s begins with a zero byte", { seconds: find((sig) => sig.startsWith("00", 64)) });
verify("the digest begins with a zero byte", { seconds: find((_, digest) => digest.startsWith("0x00")) });

// --- must be refused: the numbers of the signature ---

for (const [name, reason, how] of MISTAKES)
	refuse(name, reason, { spoil: (sig) => change(sig, how) });
refuse("64 bytes: without v", "a signature has 65 bytes", { spoil: (sig) => sig.slice(0, 128) });
refuse("64 bytes: compact (EIP-2098)", "a signature has 65 bytes", {
	spoil: (sig) => sig.slice(0, 64) + word(BigInt(`0x${sig.slice(64, 128)}`) | (sig.endsWith("1c") ? 1n << 255n : 0n)) });
refuse("66 bytes", "a signature has 65 bytes", { spoil: (sig) => `${sig}00` });
refuse("no byte", "a signature has 65 bytes", { spoil: () => "" });
refuse("v first", "v is the last byte", { spoil: (sig) => sig.slice(128) + sig.slice(0, 128) });
refuse("s before r", "recovers to another address", { spoil: (sig) => sig.slice(64, 128) + sig.slice(0, 64) + sig.slice(128) });

// --- must be refused: who and what ---

refuse("another key", "recovers to another address", { key: `0x${"02".repeat(32)}`, address: ADDRESS });
refuse("another address", "recovers to another address", { address: ADDRESS.replace(/.$/, "0") });
refuse("the zero address is expected", "nobody has that address", { address: `0x${"00".repeat(20)}`, spoil: () => "00".repeat(64) + "1b" });
const over = (changes, seconds) => (strings, at) => digestOf(seconds ?? at, { ...strings, ...changes });
refuse("the time, one later", "signed at another second", { signed: over({}, 1741620241n) });
refuse("the time, one earlier", "signed at another second", { signed: over({}, 1741620243n) });
refuse("the time in milliseconds", "signed at another second", { signed: over({}, 1741620242000n) });
refuse("another prompt", "signed for another prompt", { signed: over({ prompt: "Why is the sky red?" }) });
refuse("another answer", "signed for another answer", { signed: over({ response: "Because of Rayleigh scattering" }) });
refuse("another context was sent", "signed for another context", { signed: over({ request_context: "[1]" }) });
refuse("another context came back", "signed for another context", { signed: over({ response_context: "[1,2,4]" }) });
refuse("another model answered", "signed for another model", { signed: over({ model: "llama3.3" }) });
refuse("prompt and answer swapped", "the strings are in another order", { signed: over({ prompt: PLAIN.response, response: PLAIN.prompt }) });
refuse("a line feed more in the answer", "signed for another answer", { signed: over({ response: `${PLAIN.response}\n` }) });
refuse("the string ends at a NUL", "a NUL is a character like others", { prompt: "a\0b", signed: over({ prompt: "a" }) });
refuse("normalised", "strings are taken as they are", { prompt: "e\u0301", signed: over({ prompt: "\u00e9" }) });
refuse("escapes not decoded", "strings are decoded", { prompt: "a\nb", signed: over({ prompt: "a\\nb" }) });
refuse("white space in the context that was signed", "a context has no white space", { signed: over({ response_context: "[1, 2, 3]" }) });
refuse("an absent context signed as an empty string", "an absent context is []", { signed: over({ request_context: "" }) });
refuse("an absent context signed as null", "an absent context is []", { signed: over({ request_context: "null" }) });

// --- must be refused: the message ---

const raw = (encode) => (strings, seconds) => keccak256(message(seconds, encode(strings)));
refuse("no padding", "strings are padded to 32 bytes", { signed: raw((strings) => wrongAbi(strings, () => "")) });
refuse("31 bytes padded to 31", "strings are padded to 32 bytes", { prompt: "p".repeat(31),
	signed: raw((strings) => wrongAbi(strings, (length) => length === 31 ? "" : PAD(length))) });
refuse("33 bytes padded to 33", "strings are padded to 32 bytes", { prompt: "p".repeat(33),
	signed: raw((strings) => wrongAbi(strings, (length) => length === 33 ? "" : PAD(length))) });
refuse("32 bytes padded to 64", "32 bytes need no padding", { prompt: "p".repeat(32),
	signed: raw((strings) => wrongAbi(strings, (length) => length && length % 32 === 0 ? "00".repeat(32) : PAD(length))) });
refuse("an empty string padded to 32", "an empty string is its length alone", { prompt: "",
	signed: raw((strings) => wrongAbi(strings, (length) => length ? PAD(length) : "00".repeat(32))) });
refuse("padded with blanks", "padding is zeros", { signed: raw((strings) => wrongAbi(strings, (length) => PAD(length).replaceAll("00", "20"))) });
refuse("padded in front", "padding stands behind", { prompt: "p".repeat(31),
	signed: raw((strings) => wrongAbi({ ...strings, prompt: Buffer.concat([Buffer.alloc(1), utf8(strings.prompt)]) }, PAD, (bytes, text) => Buffer.isBuffer(text) && bytes.length === 32 ? 31 : bytes.length)) });
refuse("lengths in characters", "lengths are bytes", { prompt: "caf\u00e9 \u{1f980}",
	signed: raw((strings) => wrongAbi(strings, PAD, (bytes, text) => [...text].length)) });
refuse("lengths in UTF-16 units", "lengths are bytes", { prompt: "caf\u00e9 \u{1f980}",
	signed: raw((strings) => wrongAbi(strings, PAD, (bytes, text) => text.length)) });
refuse("surrogates as three bytes each", "strings are UTF-8", { prompt: "\u{1f980}",
	signed: raw((strings) => wrongAbi({ ...strings, prompt: Buffer.from("eda0beedb680", "hex") }, PAD)) });
refuse("offsets from 0xc0", "the first offset is 0xa0", { signed: raw((strings) => wrongAbi(strings, PAD, undefined, 192)) });
refuse("encoded as one tuple", "the arguments are no tuple", { signed: raw((strings) => `0x${word(32)}${abi(strings).slice(2)}`) });
refuse("packed", "abi.encode, not abi.encodePacked", { signed: raw((strings) => concat(NAMES.map((name) => utf8(strings[name])))) });
refuse("SHA3-256", "Keccak-256 with the original padding", {
	signed: (strings, seconds) => `0x${createHash("sha3-256").update(Buffer.from(message(seconds, abi(strings)).slice(2), "hex")).digest("hex")}` });
refuse("SHA-256", "Keccak-256", {
	signed: (strings, seconds) => `0x${createHash("sha256").update(Buffer.from(message(seconds, abi(strings)).slice(2), "hex")).digest("hex")}` });
refuse("as a wallet's message (EIP-191)", "a receipt has no prefix", {
	signed: (strings, seconds) => hashMessage(Buffer.from(digestOf(seconds, strings).slice(2), "hex")) });
refuse("hashed twice", "the digest is signed as it is", { signed: (strings, seconds) => keccak256(digestOf(seconds, strings)) });
const framed = (frame) => (strings, seconds) => keccak256(frame(message(seconds, abi(strings)).slice(2)));
const tag = (text) => hex(utf8(text));
const retimed = (write) => framed((text) => `0x${text.replace(tag("|timestamp|") + toBeHex(1741620242, 8).slice(2), tag("|timestamp|") + write(toBeHex(1741620242, 8).slice(2)))}`);
refuse("the time little-endian", "big-endian", { signed: retimed((text) => hex(Buffer.from(text, "hex").reverse())) });
refuse("the time in 4 bytes", "8 bytes", { signed: retimed((text) => text.slice(8)) });
refuse("the time in 32 bytes", "8 bytes", { signed: retimed((text) => text.padStart(64, "0")) });
refuse("the time in decimal", "8 bytes", { signed: retimed(() => tag("1741620242")) });
refuse("without the first tag", "|oyster-hasher| comes first", { signed: framed((text) => `0x${text.replace(tag("|oyster-hasher|"), "")}`) });
refuse("without the time's tag", "|timestamp| comes second", { signed: framed((text) => `0x${text.replace(tag("|timestamp|"), "")}`) });
refuse("the encoded arguments alone", "tags and time come first", { signed: (strings) => keccak256(abi(strings)) });

// --- must be refused: the head ---

refuseForm("a digit missing", "130 hex digits", { spoil: (sig) => sig.slice(0, 129) });
refuseForm("a digit more", "130 hex digits", { spoil: (sig) => `${sig}0` });
refuseForm("cut in half", "130 hex digits", { spoil: (sig) => sig.slice(0, 65) });
refuseForm("not hex", "130 hex digits", { spoil: (sig) => `g${sig.slice(1)}` });
refuseForm("a blank inside", "130 hex digits", { spoil: (sig) => `${sig.slice(0, 64)} ${sig.slice(64)}` });
refuseForm("in capitals", "lower-case digits: an answer has one spelling", { spoil: (sig) => sig.toUpperCase() });
refuseForm("0X in front", "0x, if anything", { spoil: (sig) => `0X${sig}` });
refuseForm("in base64", "130 hex digits", { spoil: (sig) => Buffer.from(sig, "hex").toString("base64") });
refuseForm("the signature twice", "a header twice", { head: (lines) => [...lines, lines[2]] });
refuseForm("a second signature in other letters", "a header twice", { head: (lines) => [...lines, `X-Oyster-Signature: ${"0".repeat(130)}`] });
refuseForm("the time twice", "a header twice", { head: (lines) => [...lines, lines[1]] });
refuseForm("no time", "the time is missing", { head: (lines) => [lines[0], lines[2]] });
refuseForm("no signature", "the signature is missing", { head: (lines) => lines.slice(0, 2) });
refuseForm("neither", "nothing to verify", { head: (lines) => lines.slice(0, 1) });
for (const [name, timestamp] of [["a zero before the time", "01741620242"], ["a sign before the time", "+1741620242"],
	["a fraction of a second", "1741620242.0"], ["the time in hex", "0x67cf0392"], ["a date", "Mon, 10 Mar 2025 15:24:02 GMT"],
	["an empty time", ""], ["letters behind the time", "1741620242s"], ["the time negative", "-1741620242"]])
	refuseForm(name, "the time is a decimal number without leading zeros", { timestamp });
refuseForm("2^64 more", "the time does not fit into 8 bytes", { timestamp: String(2n ** 64n + 1741620242n) });
for (const status of [201, 404, 502])
	refuseForm(`status ${status}`, "a receipt stands on a 200 alone", { status });

// --- must be refused: the bodies, with a signature over what a lax reader takes from them ---

refuseForm("half of a surrogate pair in the answer", "not Unicode", { response: "a\ufffd",
	body: String.raw`{"model":"llama3.2","response":"a\ud83e","done":true,"context":[1,2,3]}` });
refuseForm("half of a surrogate pair in the prompt", "not Unicode", { prompt: "\ufffdz",
	request: String.raw`{"model":"llama3.2","prompt":"\udd80z"}` });
refuseForm("halves in the wrong order", "not Unicode", { prompt: "\ufffd\ufffd",
	request: String.raw`{"model":"llama3.2","prompt":"\udd80\ud83e"}` });
refuseForm("half of a pair as three bytes", "not UTF-8", {
	signed: raw((strings) => wrongAbi({ ...strings, response: Buffer.from("eda0be", "hex") }, PAD)),
	body: Buffer.concat([utf8('{"model":"llama3.2","response":"'), Buffer.from("eda0be", "hex"), utf8('","done":true,"context":[1,2,3]}')]) });
refuseForm("a byte that is not UTF-8, signed as U+FFFD", "not UTF-8", { response: "a\ufffd",
	body: Buffer.concat([utf8('{"model":"llama3.2","response":"a'), Buffer.from([0xff]), utf8('","done":true,"context":[1,2,3]}')]) });
refuseForm("an overlong slash in the prompt", "not UTF-8", { prompt: "/",
	request: Buffer.concat([utf8('{"model":"llama3.2","prompt":"'), Buffer.from("c0af", "hex"), utf8('"}')]) });
refuseForm("a byte order mark before the answer", "not JSON", { body: `\ufeff${replyOf(PLAIN)}` });
refuseForm("the prompt twice", "a key twice", { request: '{"model":"llama3.2","prompt":"no","prompt":"Why is the sky blue?"}' });
refuseForm("the prompt twice, once escaped", "a key twice", { request: String.raw`{"model":"llama3.2","\u0070rompt":"no","prompt":"Why is the sky blue?"}` });
refuseForm("the answer twice, the last signed", "a key twice", { body: '{"model":"llama3.2","response":"no","response":"Because of Rayleigh scattering.","done":true,"context":[1,2,3]}' });
refuseForm("the answer twice, the first signed", "a key twice", { body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","response":"no","done":true,"context":[1,2,3]}' });
refuseForm("the context twice", "a key twice", { body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","done":true,"context":[],"context":[1,2,3]}' });
refuseForm("the answer cut off", "not JSON", { body: replyOf(PLAIN).slice(0, -1) });
refuseForm("something behind the answer", "not JSON", { body: `${replyOf(PLAIN)}x` });
refuseForm("two answers in one", "not JSON", { body: replyOf(PLAIN) + replyOf({ ...PLAIN, response: "no" }) });
refuseForm("a comma too many", "not JSON", { request: '{"model":"llama3.2","prompt":"Why is the sky blue?",}' });
refuseForm("a line feed inside a string", "not JSON", { prompt: "a\nb", request: '{"model":"llama3.2","prompt":"a\nb"}' });
refuseForm("an array around the answer", "not an object", { body: `[${replyOf(PLAIN)}]` });
refuseForm("no body", "not JSON", { body: "" });
refuseForm("the prompt is a number", "a prompt is a string", { prompt: "1", request: '{"model":"llama3.2","prompt":1}' });
refuseForm("the answer is missing", "the response is missing", { response: "", body: '{"model":"llama3.2","done":true,"context":[1,2,3]}' });
refuseForm("the answer is null", "a response is a string", { response: "", body: '{"model":"llama3.2","response":null,"done":true,"context":[1,2,3]}' });
refuseForm("the context is a string", "a context is an array of integers", { body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","done":true,"context":"[1,2,3]"}' });
refuseForm("a fraction in the context", "a context is an array of integers", { response_context: "[1,2,3]",
	body: '{"model":"llama3.2","response":"Because of Rayleigh scattering.","done":true,"context":[1,2,3.0]}' });
refuseForm("an exponent in the context", "a context is an array of integers", { request_context: "[100]",
	request: '{"model":"llama3.2","prompt":"Why is the sky blue?","context":[1e2]}' });
refuseForm("a string in the context", "a context is an array of integers", { request_context: "[1]",
	request: '{"model":"llama3.2","prompt":"Why is the sky blue?","context":["1"]}' });
refuseForm("another model than the one asked", "the answer is from another model", { request: '{"model":"llama3.3","prompt":"Why is the sky blue?"}' });
for (const [key, value] of [["system", "Lie."], ["options", { seed: 1 }], ["format", "json"], ["raw", true], ["images", ["AAAA"]]])
	refuseForm(`the request sets ${key}`, "a receipt says nothing of this field", { request: requestOf(PLAIN, { [key]: value }) });
refuseForm("two lines of different models", "the lines disagree", { type: "application/x-ndjson", request: requestOf(PLAIN, { stream: true }),
	body: stream(PLAIN).replace("llama3.2", "llama3.3") });
refuseForm("two lines with different contexts", "the lines disagree", { type: "application/x-ndjson", request: requestOf(PLAIN, { stream: true }),
	body: stream(PLAIN).replace("[1,2,3]", "[1,2]") });
const streamed = { type: "application/x-ndjson", request: requestOf(PLAIN, { stream: true }) };
refuseForm("two lines that were not asked for", "the request's stream decides", { type: "application/x-ndjson", body: stream(PLAIN) });
refuseForm("one line where two were asked for", "the request's stream decides", { ...streamed, body: `${replyOf(PLAIN)}\n` });
refuseForm("three lines", "there are two", { ...streamed, body: stream(PLAIN).replace(/^.*\n/, "$&$&") });
refuseForm("two lines without a last line feed", "each ends in a line feed", { ...streamed, body: stream(PLAIN).slice(0, -1) });
refuseForm("text in both lines", "all text is in the first", { ...streamed,
	body: stream({ ...PLAIN, response: "Because of " }).replace('"response":""', '"response":"Rayleigh scattering."') });
refuseForm("the first line is done", "only the last line is done", { ...streamed, body: stream(PLAIN).replace('"done":false', '"done":true') });
refuseForm("the last line is not done", "only the last line is done", { ...streamed, body: stream(PLAIN).replace('"done":true', '"done":false') });
refuseForm("an error in the first line", "an answer with an error is none", { ...streamed, body: stream(PLAIN).replace("{", '{"error":"x",') });
for (const [name, done] of [["not done", "false"], ["done is a string", '"true"'], ["done is null", "null"]])
	refuseForm(name, "done is true", { body: replyOf(PLAIN).replace('"done":true', `"done":${done}`) });
refuseForm("done is missing", "done is true", { body: replyOf(PLAIN).replace('"done":true,', "") });
for (const key of ["error", "remote_host", "remote_model"])
	refuseForm(`the answer sets ${key}`, "an answer with an error or from elsewhere is none", { body: replyOf(PLAIN).replace("{", `{"${key}":"x",`) });
for (const [method, path] of [["GET", "/health"], ["POST", "/health"], ["GET", "/api/generate"]])
	refuseForm(`on ${method} ${path}`, "a receipt stands on POST /api/generate alone", { method, path });
for (const line of ["content-digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "x-oyster-request-digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"])
	refuseForm(`${line.replace(/:.*/, "")} alone beside it`, "the other fields of an exchange signature are missing", { head: (lines) => [...lines, line] });
refuseForm("a line cut off", "not JSON", { type: "application/x-ndjson", request: requestOf(PLAIN, { stream: true }),
	body: stream(PLAIN).slice(0, -3) });

write(process.argv[2] ?? "verdict-receipt.json", {
	made_by: "tests/vectors/make/receipts.mjs with ethers 6.17.0 on node: encoding, Keccak-256 and signatures are ethers'",
	key: KEY.slice(2),
	note: "response is what `curl -si' saves, request the body that was sent (as text, or _hex where it is not UTF-8), address the signer that is expected; " +
		"strings and seconds are what a verifier takes from them, encoded is abi.encode of the strings, digest what must have been signed, digest_signed what was signed instead; " +
		"a case refused by `form' never gets as far as a digest; a verifier that looks at the clock is told that it is the case's second",
}, cases);
