#!/usr/bin/env node
// exchanges.mjs FILE: makes verdict-exchange.json.
//
// The signature base is that of the package http-message-signatures, the EIP-191
// digest and the signatures are ethers', so that both standards are read by
// somebody else.
import { AbiCoder, concat, hashMessage, keccak256, toBeHex, toUtf8Bytes } from "ethers";
import { httpbis } from "http-message-signatures";
import { KEY, MISTAKES, addressOf, bytesAs, change, digestField, hex, saved, sha256, sign, write } from "./lib.mjs";

const cases = [];
const ADDRESS = addressOf(KEY);
const REQUEST = '{"model":"llama3.2","prompt":"Why is the sky blue?"}';
const REPLY = '{"model":"llama3.2","created_at":"2025-03-10T15:24:02.123456789Z","response":"Because of Rayleigh scattering.","done":true,"done_reason":"stop","context":[1,2,3]}';
const FIELDS = ["@status", "@method;req", "@path;req", "content-digest", "x-oyster-request-digest"];
const quoted = (field) => field.replace(/^[^;]*/, (name) => `"${name}"`);

// What the responder does, with the standards' own words for each step.
function signed({ status, method, path, request, body, created, nonce, key, keyid, fields = FIELDS, digest = digestField,
	parameters = (same) => same, base: rebase = (same) => same, hash = hashMessage }) {
	const headers = { "content-digest": digest(body), "x-oyster-request-digest": digest(request) };
	const input = parameters(`(${fields.map(quoted).join(" ")});created=${created}` +
		(nonce === null ? "" : `;nonce="${nonce}"`) + `;keyid="${keyid ?? addressOf(key)}";tag="oyster"`);
	const components = httpbis.createSignatureBase({ fields }, { status, headers },
		{ method, url: `http://localhost${path}`, headers: {} });
	const base = rebase(httpbis.formatSignatureBase([...components, ['"@signature-params"', [input]]]));
	return { headers, input, base, digest: hash(base), signature: sign(hash(base), key) };
}

// The old signature beside it, for PLAIN's strings alone.
function receipt(seconds) {
	return sign(keccak256(concat([toUtf8Bytes("|oyster-hasher||timestamp|"), toBeHex(seconds, 8), toUtf8Bytes("|ollama_signature_parameters|"),
		AbiCoder.defaultAbiCoder().encode(Array(5).fill("string"), ["llama3.2", "Why is the sky blue?", "[]", "Because of Rayleigh scattering.", "[1,2,3]"])])));
}

const PLAIN = { status: 200, method: "POST", path: "/api/generate", request: REQUEST, body: REPLY, created: 1741620242, nonce: null, key: KEY };

// what	differs from PLAIN, and
//	sees	what the client has or sent, where that is not what was signed
//	spoil	changes the signature's digits
//	head	changes the header lines; raw the whole saved answer
//	receipt	the second of the receipt that stands beside it
function make(name, what = {}) {
	const truth = { ...PLAIN, ...what }, seen = { ...truth, ...what.sees };
	const done = signed(truth);
	const signature = (what.spoil ?? ((sig) => sig))(done.signature);
	const base64 = (what.base64 ?? ((text) => text))(Buffer.from(signature, "hex").toString("base64"));
	const lines = ["content-type: application/json; charset=utf-8", `content-digest: ${done.headers["content-digest"]}`,
		`x-oyster-request-digest: ${done.headers["x-oyster-request-digest"]}`,
		`signature-input: oyster=${done.input}`, `signature: oyster=:${base64}:`];
	if (what.receipt)
		lines.push(`x-oyster-timestamp: ${what.receipt}`, `x-oyster-signature: ${receipt(what.receipt)}`);
	const answer = saved(seen.status, (what.head ?? ((same) => same))(lines), seen.body);
	// What a verifier makes of what it has.
	const own = signed({ ...PLAIN, ...seen, key: truth.key, keyid: what.address ?? (what.keyid ? ADDRESS : undefined), fields: FIELDS,
		digest: digestField, parameters: (same) => same, base: (same) => same, hash: hashMessage });
	return {
		name, verdict: "verify",
		address: what.address ?? addressOf(truth.key), method: seen.method, path: seen.path, nonce: seen.nonce,
		...bytesAs("request", seen.request), ...bytesAs("response", what.raw ? what.raw(answer) : answer),
		status: seen.status, created: String(seen.created),
		content_digest: hex(sha256(seen.body)), request_digest: hex(sha256(seen.request)),
		base: own.base, digest: own.digest.slice(2),
		...(own.base === done.base ? {} : { base_signed: done.base }),
		...(own.digest === done.digest ? {} : { digest_signed: done.digest.slice(2) }),
		signature,
	};
}

function verify(name, what) {
	cases.push(make(name, what));
}

// The signature is wrong for this exchange.
function refuse(name, reason, what) {
	cases.push({ ...make(name, what), verdict: "refuse", refused_by: "signature", reason });
}

// The header fields are not what they must be; the signature may even be good.
function refuseForm(name, reason, what) {
	const { status, created, content_digest, request_digest, base, digest, base_signed, digest_signed, signature, ...rest } = make(name, what);
	cases.push({ ...rest, verdict: "refuse", refused_by: "form", reason });
}

// --- must verify ---

verify("plain");
verify("a nonce", { nonce: "n-1" });
verify("a nonce of 128 characters", { nonce: "Az0-._~+/=".repeat(13).slice(0, 128) });
verify("a nonce of one character", { nonce: "=" });
verify("a receipt beside it", { receipt: 1741620242 });
verify("a receipt and a nonce", { receipt: 1741620242, nonce: "bm9uY2U=" });
verify("model not found", { status: 404, request: '{"model":"nope","prompt":"x"}', body: '{"error":"model \'nope\' not found"}\n' });
verify("bad request", { status: 400, request: "not JSON", body: '{"error":"is not JSON"}\n' });
verify("the model server is away", { status: 502, body: '{"error":"the model server cannot be reached"}\n' });
verify("too busy", { status: 503, body: '{"error":"too many requests are waiting for the model"}\n' });
verify("no request body", { status: 400, request: "", body: '{"error":"the request has no body"}\n' });
verify("health", { method: "GET", path: "/health", request: "", body: '{"status":"ok","upstream":"ok"}\n' });
verify("health, head only", { method: "HEAD", path: "/health", request: "", body: "" });
verify("the signer", { method: "GET", path: "/oyster/signer", request: "", body: `{"address":"${ADDRESS}"}\n`, nonce: "s" });
verify("the first second", { created: 0 });
verify("second 253402300799", { created: 253402300799 });
verify("second 999999999999999", { created: 999999999999999 });
verify("a request that sets system", { request: '{"model":"llama3.2","prompt":"Why is the sky blue?","system":"Be brief."}' });
verify("bytes that are not UTF-8", { status: 400, request: Buffer.from("ff00fe", "hex"), body: Buffer.from("0d0aff00", "hex") });
verify("a request of 70,000 bytes", { request: `{"model":"m","prompt":"${"0123456789".repeat(7000)}"}`, status: 413, body: '{"error":"the request body is larger than OYSTER_MAX_BODY"}\n' });
verify("an answer of several lines", { body: "{}\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\n" });
verify("the key is 1", { key: `0x${"0".repeat(63)}1` });
const from = (like) => {
	for (let created = 1741620242; ; created++)
		if (like(signed({ ...PLAIN, created }).signature))
			return created;
};
verify("v is 27", { created: from((sig) => sig.endsWith("1b")) });
verify("v is 28", { created: from((sig) => sig.endsWith("1c")) });
verify("r begins with a zero byte", { created: from((sig) => sig.startsWith("00")) });
verify("s begins with a zero byte", { created: from((sig) => sig.startsWith("00", 64)) });
verify("+ and / in base64", { created: from((sig) => /\+.*\/|\/.*\+/.test(Buffer.from(sig, "hex").toString("base64"))) });
verify("header names in capitals", { head: (lines) => lines.map((line) => line.replace(/^[^:]*/, (name) => name.toUpperCase())) });
verify("lines that end in LF", { raw: (answer) => Buffer.from(answer.toString().replaceAll("\r\n", "\n")) });
verify("100 Continue before it", { raw: (answer) => Buffer.concat([Buffer.from("HTTP/1.1 100 Continue\r\n\r\n"), answer]) });
verify("103 Early Hints with other digests before it", { raw: (answer) => Buffer.concat([
	Buffer.from("HTTP/1.1 103 Early Hints\r\ncontent-digest: sha-256=:no:\r\n\r\n"), answer]) });

// --- must be refused: the numbers of the signature ---

for (const [name, reason, how] of MISTAKES)
	refuse(name, reason, { spoil: (sig) => change(sig, how) });
refuse("64 bytes: without v", "a signature has 65 bytes", { spoil: (sig) => sig.slice(0, 128) });
refuse("66 bytes", "a signature has 65 bytes", { spoil: (sig) => `${sig}00` });
refuse("no byte", "a signature has 65 bytes", { spoil: () => "" });

// --- must be refused: another exchange ---

refuse("another key", "recovers to another address", { key: `0x${"02".repeat(32)}`, keyid: ADDRESS, address: ADDRESS });
refuse("another key that says so", "keyid is not the address that is expected", { key: `0x${"02".repeat(32)}`, address: ADDRESS });
refuse("the status", "signed with another status", { status: 404, sees: { status: 200 } });
refuse("the method", "signed for another method", { method: "GET", sees: { method: "POST" } });
refuse("the path", "signed for another path", { path: "/api/generatf", sees: { path: "/api/generate" } });
refuse("the path of another answer", "signed for another path", { method: "GET", path: "/health", request: "", sees: { path: "/oyster/signer" } });
refuse("a blank more in the request", "signed for another request", { sees: { request: REQUEST.replace(":", ": ") } });
refuse("another request", "signed for another request", { sees: { request: REQUEST.replace("blue", "red") } });
refuse("no request", "signed for another request", { sees: { request: "" } });
refuse("a letter of the answer", "signed for another answer", { sees: { body: REPLY.replace("Because", "because") } });
refuse("the answer cut off", "signed for another answer", { sees: { body: REPLY.slice(0, -1) } });
refuse("a line feed behind the answer", "signed for another answer", { sees: { body: `${REPLY}\n` } });
refuse("no answer", "signed for another answer", { sees: { body: "" } });
refuse("an old answer", "signed for the nonce of an earlier request", { nonce: "n-1", sees: { nonce: "n-2" } });
refuse("an answer to a request without a nonce", "the nonce is missing", { nonce: null, sees: { nonce: "n-1" } });
refuse("a nonce in other letters", "signed for another nonce", { nonce: "N-1", sees: { nonce: "n-1" } });
refuse("the start of the nonce", "signed for another nonce", { nonce: "n-", sees: { nonce: "n-1" } });

// --- must be refused: the base ---

refuse("without the prefix of EIP-191", "the base is signed as a wallet's message", { hash: (base) => keccak256(toUtf8Bytes(base)) });
refuse("the prefix without a length", "the length in decimal", { hash: (base) => keccak256(toUtf8Bytes(`\x19Ethereum Signed Message:\n${base}`)) });
refuse("the prefix with a length one too large", "the length in decimal", { hash: (base) => keccak256(toUtf8Bytes(`\x19Ethereum Signed Message:\n${base.length + 1}${base}`)) });
refuse("the hash of the base as a message", "the base itself is the message", { hash: (base) => hashMessage(Buffer.from(keccak256(toUtf8Bytes(base)).slice(2), "hex")) });
refuse("the base with a last line feed", "no line feed at the end", { base: (base) => `${base}\n` });
refuse("the base with CR LF", "lines end in LF", { base: (base) => base.replaceAll("\n", "\r\n") });
refuse("the base without @signature-params", "the last line is @signature-params", { base: (base) => base.slice(0, base.lastIndexOf("\n")) });
refuse("the base without blanks", "a blank after each colon", { base: (base) => base.replaceAll('": ', '":') });
refuse("components in another order", "the components have one order", { fields: ["@method;req", "@status", ...FIELDS.slice(2)] });
for (const [name, gone] of [["the status", 0], ["the method", 1], ["the path", 2], ["the answer", 3], ["the request", 4]])
	refuse(`${name} is not covered`, "all five components must be covered", { fields: FIELDS.filter((_, i) => i !== gone) });
refuse("one component more", "five components", { fields: [...FIELDS, "content-digest"] });
refuse("the path without ;req", "the path is the request's", {
	parameters: (input) => input.replace('"@path";req', '"@path"'), base: (base) => base.replace('"@path";req: ', '"@path": ') });
refuse("parameters in another order", "the parameters have one order", { parameters: (input) => input.replace(/(;created=\d+)(;keyid="[^"]*")/, "$2$1") });
refuse("without the tag", "tag is oyster", { parameters: (input) => input.replace(/;tag=.*/, "") });
refuse("another tag", "tag is oyster", { parameters: (input) => input.replace('tag="oyster"', 'tag="oysters"') });
refuse("without keyid", "keyid is the address", { parameters: (input) => input.replace(/;keyid="[^"]*"/, "") });
refuse("one parameter more", "created, nonce, keyid, tag", { parameters: (input) => `${input};expires=9999999999` });
refuse("keyid in capitals", "keyid is in lower case", { parameters: (input) => input.replace(/0x[0-9a-f]*/, (text) => `0x${text.slice(2).toUpperCase()}`) });
refuse("keyid without 0x", "keyid begins with 0x", { parameters: (input) => input.replace('"0x', '"') });
refuse("an empty nonce", "no parameter without a nonce", { parameters: (input) => input.replace(";keyid", ';nonce="";keyid') });
refuse("created in quotes", "created is a number", { parameters: (input) => input.replace(/created=(\d+)/, 'created="$1"') });
refuse("created with a leading zero", "no leading zeros", { parameters: (input) => input.replace("created=", "created=0") });
refuse("created with a fraction", "created is whole", { parameters: (input) => input.replace(/created=(\d+)/, "created=$1.0") });
refuse("SHA-512", "sha-256", { digest: (bytes) => digestField(bytes).replace("sha-256", "sha-512") });
refuse("two digests", "one digest", { digest: (bytes) => `sha-512=:AAAA:, ${digestField(bytes)}` });
refuse("a digest in base64url", "base64 with + and /", { digest: (bytes) => digestField(bytes).replaceAll("+", "-").replaceAll("/", "_") });
refuse("a digest without padding", "base64 with padding", { digest: (bytes) => digestField(bytes).replace(/=:$/, ":") });
refuse("a digest in hex", "base64", { digest: (bytes) => `sha-256=:${hex(sha256(bytes))}:` });

// --- must be refused: the fields ---

const edit = (find, to) => ({ head: (lines) => lines.map((line) => line.replace(find, to)) });
const without = (name) => ({ head: (lines) => lines.filter((line) => !line.startsWith(`${name}:`)) });
const twice = (name) => ({ head: (lines) => lines.flatMap((line) => line.startsWith(`${name}:`) ? [line, line] : [line]) });
for (const name of ["content-digest", "x-oyster-request-digest", "signature-input", "signature"]) {
	refuseForm(`no ${name}`, "a field is missing", without(name));
	refuseForm(`${name} twice`, "a field twice", twice(name));
}
refuseForm("nothing", "nothing to verify", { head: (lines) => lines.slice(0, 1) });
refuseForm("created, one later in the field", "signed at another second", edit("created=1741620242", "created=1741620243"));
refuseForm("nonce, changed in the field", "not the nonce that was sent", { nonce: "n-1", ...edit('nonce="n-1"', 'nonce="n-2"') });
refuseForm("keyid, changed in the field", "keyid is not the address", edit('keyid="0x1a', 'keyid="0x1b'));
refuseForm("content-digest of another answer in the field", "content-digest is not the answer's", edit(/^content-digest: .*/, `content-digest: ${digestField("no")}`));
refuseForm("x-oyster-request-digest of another request in the field", "x-oyster-request-digest is not the request's", edit(/^x-oyster-request-digest: .*/, `x-oyster-request-digest: ${digestField("no")}`));
refuseForm("another label", "the label is oyster", edit(/oyster=(?=[(:])/, "sig1="));
refuseForm("two labels", "one signature", { head: (lines) => lines.map((line) => line.replace(/^(signature(-input)?): (.*)$/, (_, name, __, value) => `${name}: ${value}, ${value.replace("oyster=", "sig1=")}`)) });
refuseForm("blanks in signature-input", "one spelling", edit('";req "', '";req  "'));
refuseForm("a blank after a semicolon", "one spelling", edit(";created", "; created"));
refuseForm("the signature without colons", "between colons", edit(/oyster=:(.*):$/, "oyster=$1"));
refuseForm("the signature in quotes", "between colons", edit(/oyster=:(.*):$/, 'oyster="$1"'));
refuseForm("the signature in hex", "base64", { head: (lines) => lines.map((line) => line.replace(/oyster=:(.*):$/, (_, text) => `oyster=:0x${Buffer.from(text, "base64").toString("hex")}:`)) });
refuseForm("the signature without padding", "base64 with padding", { base64: (text) => text.replace(/=+$/, "") });
refuseForm("the signature with other spare bits", "base64 has one spelling", { base64: (text) => text.replace(/.=$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`) });
refuseForm("the signature in base64url", "base64 with + and /", { created: from((sig) => /\+.*\/|\/.*\+/.test(Buffer.from(sig, "hex").toString("base64"))),
	base64: (text) => text.replaceAll("+", "-").replaceAll("/", "_") });
refuseForm("a blank in the signature", "base64 without blanks", { base64: (text) => `${text.slice(0, 40)} ${text.slice(40)}` });
refuseForm("cut off in the head", "not an answer", { raw: (answer) => answer.subarray(0, answer.indexOf("\r\n\r\n")) });
refuseForm("no status line", "not an answer", { raw: (answer) => answer.subarray(answer.indexOf("\r\n") + 2) });
refuseForm("a receipt of another second", "two different times", { receipt: 1741620243 });
refuseForm("a bad receipt beside it", "each signature that is there must be good", { receipt: 1741620242,
	head: (lines) => lines.map((line) => line.replace(/^(x-oyster-signature: )./, "$10")) });
refuseForm("half a receipt beside it", "the receipt's time is missing", { receipt: 1741620242, ...without("x-oyster-timestamp") });
for (const [method, path] of [["PUT", "/nope"], ["GET", "/nope"], ["POST", "/health"], ["GET", "/api/generate"]])
	refuseForm(`${method} ${path}`, "nothing of this method and path is signed", { method, path });

write(process.argv[2] ?? "verdict-exchange.json", {
	made_by: "tests/vectors/make/exchanges.mjs with http-message-signatures 1.0.6 (the base) and ethers 6.17.0 (EIP-191 and signatures) on node",
	key: KEY.slice(2),
	note: "response is what `curl -si' saves, request the body that was sent (as text, or _hex where it is not UTF-8), method, path and nonce what was sent, address the signer that is expected; " +
		"base and digest are what a verifier makes of them, base_signed and digest_signed what was signed instead; " +
		"a case refused by `form' never gets as far as a digest; a verifier that looks at the clock is told that it is the case's second",
}, cases);
