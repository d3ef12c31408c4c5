// Checks what the signatures say with ethers, as the clients do, and those of
// RFC 9421 once more with http-message-signatures.
//
//	node verify.mjs [--address 0x...] [--slack SECONDS] [--no-exchange] DIRECTORY
//	node verify.mjs --vectors FILE
//
// DIRECTORY holds exchanges as tests/lib.sh keeps them: NNNN.{method,path,sent,
// request,status,headers,body}, NNNN.nocheck where an answer may go unsigned, and
// NNNN.signer with the address where it is not the test key's.
// --no-exchange is for programs that make receipts alone.
// Exit status: 0 all is as it should be, 1 something is not, 2 usage.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AbiCoder, keccak256, recoverAddress, toBeHex, toUtf8Bytes,
	verifyMessage } from "ethers";
import { httpbis } from "http-message-signatures";

const TEST_ADDRESS = "0x1a642f0e3c3af545e7acbd38b07251b3990914f1";
const KNOWN = ["model", "prompt", "stream", "context"];
const UNCOVERED = ["system", "template", "suffix", "format", "raw", "images",
	"think", "truncate", "shift", "logprobs", "top_logprobs", "options"];
const UNSIGNABLE = ['500 {"error":"the answer could not be signed"}\n',
	'503 {"error":"the signer does not answer"}\n'];
const COMPONENTS = ["@status", "@method;req", "@path;req", "content-digest",
	"x-oyster-request-digest"];

class Wrong extends Error {}

function need(condition, text) {
	if (!condition)
		throw new Wrong(text);
}

// --- JSON that keeps what it read ---

// Where the string, number or structure that begins at i has ended.
function endOfValue(text, i) {
	let depth = 0, quoted = false;
	for (; i < text.length; i++) {
		const c = text[i];
		if (quoted) {
			if (c === "\\")
				i++;
			else if (c === "\"")
				quoted = false;
		} else if (c === "\"") {
			quoted = true;
		} else if (c === "{" || c === "[") {
			depth++;
		} else if (depth === 0 && ",:}] \t\r\n".includes(c)) {
			break;
		} else if (c === "}" || c === "]") {
			depth--;
		}
	}
	return i;
}

// The members of a JSON object, each as the text that stands there: numbers
// are not rounded, and of a key that stands twice both values are kept.
function parseObject(bytes) {
	const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	const value = JSON.parse(text);
	need(value && typeof value === "object" && !Array.isArray(value), "not a JSON object");
	const skip = (i) => {
		while (" \t\r\n,:".includes(text[i]))
			i++;
		return i;
	};
	const fields = new Map();
	let i = skip(text.indexOf("{") + 1);
	while (text[i] !== "}") {
		let end = endOfValue(text, i);
		const key = JSON.parse(text.slice(i, end));
		i = skip(end);
		end = endOfValue(text, i);
		fields.set(key, [...fields.get(key) ?? [], text.slice(i, end)]);
		i = skip(end);
	}
	return fields;
}

// The text of a value, "null" without one.
function rawOf(fields, key) {
	const values = fields.get(key) ?? ["null"];
	need(values.length === 1, `${key} stands twice`);
	return values[0];
}

function valueOf(fields, key) {
	return JSON.parse(rawOf(fields, key));
}

function textOf(fields, key) {
	const value = valueOf(fields, key) ?? "";
	need(typeof value === "string", `${key} is not a string`);
	return value;
}

function contextOf(fields) {
	const raw = rawOf(fields, "context").replace(/[ \t\r\n]/g, "");
	if (raw === "null")
		return "[]";
	need(raw.lastIndexOf("[") === 0 && !/[^-0-9,[\]]/.test(raw),
		"context is not an array of integers");
	return raw;
}

function uncoveredIn(fields) {
	const nothing = ["null", "\"\"", "{}", "[]", "false"];
	return UNCOVERED.filter((key) => (fields.get(key) ?? [])
		.some((raw) => !nothing.includes(JSON.stringify(JSON.parse(raw)))));
}

// --- exchanges ---

function headersOf(bytes) {
	return bytes.toString("latin1").split(/\r?\n/)
		.filter((line) => line.includes(":"))
		.map((line) => [line.slice(0, line.indexOf(":")),
			line.slice(line.indexOf(":") + 1).replace(/^[ \t]+|[ \t]+$/g, "")]);
}

// read(kind) gives the bytes of one file of the exchange.
function makeExchange(read) {
	const target = read("path").toString().trim();
	const path = target.replace(/^http:\/\/[^/]*/, "").split("?")[0];
	const method = read("method").toString().trim();
	return {
		method, path,
		isGenerate: method === "POST" && path === "/api/generate",
		status: Number(read("status")),
		request: read("request"), body: read("body"),
		sent: headersOf(read("sent")), headers: headersOf(read("headers")),
	};
}

function header(exchange, name) {
	const found = exchange.headers.filter(([key]) => key.toLowerCase() === name);
	need(found.length < 2, `${name} stands twice`);
	need(!found.length || !name.startsWith("x-oyster-") || found[0][0] === name,
		`${name} is not in lower case`);
	return found[0]?.[1];
}

// The object that carries the text, and the final one: often the same.
function objectsOfAnswer(exchange, streamed) {
	const kind = header(exchange, "content-type");
	if (!streamed) {
		need(kind === "application/json; charset=utf-8", `content-type is ${kind}`);
		const only = parseObject(exchange.body);
		return [only, only];
	}
	need(kind === "application/x-ndjson", `content-type is ${kind}`);
	const middle = exchange.body.indexOf(10) + 1;
	need(middle > 0 && exchange.body.indexOf(10, middle) === exchange.body.length - 1,
		"not two lines with a line feed each");
	const first = parseObject(exchange.body.subarray(0, middle));
	const last = parseObject(exchange.body.subarray(middle));
	need(valueOf(first, "done") === false, "the first line says that it is the last");
	need(textOf(last, "response") === "", "the last line has text of its own");
	need(contextOf(first) === contextOf(last), "the lines have different contexts");
	need(textOf(first, "model") === textOf(last, "model"), "the lines name different models");
	return [first, last];
}

function checkFinal(request, final) {
	need(textOf(final, "model") === textOf(request, "model"), "the answer is from another model");
	need(valueOf(final, "done") === true, "done is not true, once");
	for (const key of ["error", "remote_host", "remote_model"])
		need(!valueOf(final, key), `${key} is set`);
}

// What a verifier does that has the two objects and the two headers.
function checkReceipt(address, seconds, signature, request, reply) {
	need(/^(0|[1-9][0-9]{0,18})$/.test(seconds), "x-oyster-timestamp is not decimal");
	need(/^[0-9a-f]{130}$/.test(signature), "x-oyster-signature is not 130 digits");
	need(/1[bc]$/.test(signature), "the signature's last byte is not 27 or 28");
	const strings = [textOf(reply, "model"), textOf(request, "prompt"), contextOf(request),
		textOf(reply, "response"), contextOf(reply)];
	const hex = (text) => Buffer.from(text.slice(2), "hex");
	const digest = keccak256(Buffer.concat([
		toUtf8Bytes("|oyster-hasher||timestamp|"), hex(toBeHex(BigInt(seconds), 8)),
		toUtf8Bytes("|ollama_signature_parameters|"),
		hex(AbiCoder.defaultAbiCoder().encode(strings.map(() => "string"), strings)),
	]));
	const signer = recoverAddress(digest, `0x${signature}`).toLowerCase();
	need(signer === address, `x-oyster-signature is that of ${signer}`);
}

function isNow(seconds, options) {
	return Math.abs(Number(seconds) - Date.now() / 1000) <= options.slack;
}

// x-oyster-signature: there when it should be, and then right.
function receiptRule(exchange, options) {
	const seconds = header(exchange, "x-oyster-timestamp");
	const signature = header(exchange, "x-oyster-signature");
	need((seconds === undefined) === (signature === undefined),
		"x-oyster-timestamp or -signature is alone");
	const wanted = exchange.isGenerate && exchange.status === 200 && !exchange.nocheck;
	if (signature === undefined && !wanted)
		return;
	const request = parseObject(exchange.request);
	const uncovered = uncoveredIn(request);
	if (signature === undefined) {
		need(uncovered.length, "no x-oyster-signature on an answer that should have it");
		return;
	}
	need(exchange.status === 200, "x-oyster-signature on a failure");
	need(exchange.isGenerate, "x-oyster-signature on what is no answer to a prompt");
	need(!uncovered.length, `x-oyster-signature, but not over ${uncovered}`);
	for (const key of [...UNCOVERED, ...KNOWN])
		rawOf(request, key);
	const [reply, final] = objectsOfAnswer(exchange, valueOf(request, "stream") === true);
	checkFinal(request, final);
	checkReceipt(options.address, seconds, signature, request, reply);
	need(isNow(seconds, options), "x-oyster-timestamp is not now");
}

function digestHeader(bytes) {
	return `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
}

function signatureBase(exchange, parameters) {
	const value = {
		"@status": exchange.status, "@method;req": exchange.method,
		"@path;req": exchange.path,
	};
	const lines = COMPONENTS.map((name) => `${quoted(name)}: ${value[name] ?? header(exchange, name)}`);
	return [...lines, `"@signature-params": ${parameters}`].join("\n");
}

function quoted(component) {
	const [name, flag] = component.split(";");
	return flag ? `"${name}";${flag}` : `"${name}"`;
}

// What lighttpd refuses by itself has none of the responder's headers, and
// without a signer there are two things left to say.
function cannotBeSigned(exchange) {
	return (exchange.status >= 400 && header(exchange, "cache-control") === undefined) ||
		UNSIGNABLE.includes(`${exchange.status} ${exchange.body}`);
}

// RFC 9421: the signature over the whole exchange, on whatever is served.
async function exchangeRule(exchange, options) {
	const names = ["content-digest", "x-oyster-request-digest", "signature-input", "signature"];
	const there = names.filter((name) => header(exchange, name) !== undefined);
	const served = exchange.isGenerate || (["GET", "HEAD"].includes(exchange.method) &&
		["/health", "/oyster/signer"].includes(exchange.path));
	if (!there.length) {
		need(!served || cannotBeSigned(exchange), "no exchange signature");
		return;
	}
	need(served, "an exchange signature on what is not served");
	need(there.length === names.length, `of the exchange signature only ${there}`);
	need(header(exchange, "x-oyster-request-digest") === digestHeader(exchange.request),
		"x-oyster-request-digest is not that of the request");
	need(header(exchange, "content-digest") === digestHeader(exchange.body),
		"content-digest is not that of the body");
	checkExchangeSignature(exchange, options);
	await checkWithLibrary(exchange, options);
}

function nonceOf(exchange) {
	const nonce = exchange.sent.filter(([key]) => key.toLowerCase().replaceAll("_", "-") === "x-oyster-nonce")
		.map(([, value]) => value).join(", ");
	return /^[A-Za-z0-9._~+\/=-]{1,128}$/.test(nonce) ? nonce : undefined;
}

function checkExchangeSignature(exchange, options) {
	const parameters = header(exchange, "signature-input").replace(/^oyster=/, "");
	const created = parameters.match(/created=(0|[1-9][0-9]*)/)?.[1];
	need(created, "signature-input without created");
	const nonce = nonceOf(exchange);
	const expected = `(${COMPONENTS.map(quoted).join(" ")});created=${created}` +
		(nonce ? `;nonce="${nonce}"` : "") + `;keyid="${options.address}";tag="oyster"`;
	need(parameters === expected, `signature-input is not ${expected}`);
	need([undefined, created].includes(header(exchange, "x-oyster-timestamp")), "two different times");
	need(isNow(created, options), "created is not now");
	const value = header(exchange, "signature").match(/^oyster=:([A-Za-z0-9+/]+=*):$/)?.[1];
	need(value, "signature is not of the form oyster=:...:");
	const signer = verifyMessage(signatureBase(exchange, parameters),
		`0x${Buffer.from(value, "base64").toString("hex")}`).toLowerCase();
	need(signer === options.address, `signature is that of ${signer}`);
}

// The same with a library that builds the base itself; it knows no EIP-191,
// so that part of it is plugged in.
async function checkWithLibrary(exchange, options) {
	const eip191 = {
		id: options.address,
		verify: async (base, signature) =>
			verifyMessage(base, `0x${signature.toString("hex")}`).toLowerCase() === options.address,
	};
	const valid = await httpbis.verifyMessage(
		{ keyLookup: async ({ keyid }) => keyid === options.address ? eip191 : null, all: true,
			tolerance: options.slack },
		{ status: exchange.status, headers: Object.fromEntries(exchange.headers) },
		{ method: exchange.method, url: `http://localhost${exchange.path}`,
			headers: Object.fromEntries(exchange.sent) });
	need(valid === true, "http-message-signatures does not verify the signature");
}

// --- recorded cases ---

function checkReceiptCase(known, options) {
	checkReceipt(options.address, String(known.timestamp), known.signature,
		parseObject(Buffer.from(known.request_body)),
		parseObject(Buffer.from(known.upstream_body)));
}

function checkExchangeCase(known, options) {
	need(known.signature_input.includes(`created=${known.created};`), "created differs");
	const files = {
		method: known.method, path: known.path, status: String(known.status),
		request: known.request_body, body: known.response_body,
		sent: known.nonce ? `x-oyster-nonce: ${known.nonce}\n` : "",
		headers: `content-digest: ${known.content_digest}\n` +
			`x-oyster-request-digest: ${known.request_digest}\n` +
			`signature-input: ${known.signature_input}\nsignature: ${known.signature}\n`,
	};
	return exchangeRule(makeExchange((kind) => Buffer.from(files[kind])), options);
}

function* vectors(options) {
	const known = JSON.parse(readFileSync(options.vectors));
	options.slack = Infinity;
	for (const one of known.cases ?? known)
		yield [one.name, () => (known.cases ? checkReceiptCase : checkExchangeCase)(one, options)];
}

function* exchanges(options) {
	const rules = options["no-exchange"] ? [receiptRule] : [receiptRule, exchangeRule];
	const names = readdirSync(options.directory).filter((name) => name.endsWith(".status"));
	for (const name of names.sort().map((file) => file.slice(0, -".status".length))) {
		const path = (kind) => join(options.directory, `${name}.${kind}`);
		const exchange = makeExchange((kind) => readFileSync(path(kind)));
		exchange.nocheck = existsSync(path("nocheck"));
		const address = existsSync(path("signer")) ?
			readFileSync(path("signer")).toString() : options.address;
		const title = `${name} ${exchange.method} ${exchange.path} ${exchange.status}`;
		for (const rule of rules)
			yield [title, () => rule(exchange, { ...options, address })];
	}
}

function readOptions() {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { address: { type: "string" }, slack: { type: "string" },
			vectors: { type: "string" }, "no-exchange": { type: "boolean" } },
	});
	if (positionals.length + (values.vectors ? 1 : 0) !== 1)
		throw new Error("one of DIRECTORY and --vectors is needed");
	return {
		address: values.address ?? TEST_ADDRESS, slack: Number(values.slack ?? 3600),
		vectors: values.vectors, directory: positionals[0],
		"no-exchange": values["no-exchange"],
	};
}

async function main(options) {
	let count = 0, wrong = 0;
	for (const [name, check] of (options.vectors ? vectors : exchanges)(options)) {
		count++;
		try {
			await check();
		} catch (why) {
			wrong++;
			console.log(`${name}: ${why.shortMessage ?? why.message}`);
		}
	}
	console.log(`${count} checked, ${wrong} wrong`);
	return wrong || !count ? 1 : 0;
}

let options;
try {
	options = readOptions();
} catch (why) {
	console.error(why.message);
	process.exit(2);
}
process.exitCode = await main(options);
