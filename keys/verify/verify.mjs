// node verify.mjs ADDRESS REQUEST ANSWER [NONCE [METHOD PATH]]: did ADDRESS sign what `curl -si' saved as ANSWER to
// the request whose body is in the file REQUEST?  Wants ethers 6.  oyster-receipt(7) says why it is done like this.
import need from "node:assert/strict";
import { readFileSync } from "node:fs";
import { AbiCoder, decodeBase64, encodeBase64, hashMessage, hexlify, recoverAddress, sha256, solidityPackedKeccak256 as packed } from "ethers";
const [address, , , nonce, method = "POST", path = "/api/generate"] = process.argv.slice(2), [request, answer] = process.argv.slice(3, 5).map((name) => readFileSync(name));
const [head, last, status] = answer.toString("latin1").match(	// interim answers, then the one that counts
	/^(?:HTTP\/\S+ 1(?:(?!\n\r?\n)[^])*\n\r?\n)*(HTTP\/\S+ ([2-9]\d\d)\b(?:(?!\n\r?\n)[^])*\n)\r?\n/);
const header = new Headers(last.trim().split(/\r?\n/).slice(1).map((line) => line.split(/:(.*)/, 2))), body = answer.subarray(head.length);
const [seconds, hex, bodyDigest, requestDigest, input, value] = ["x-oyster-timestamp", "x-oyster-signature", "content-digest",
	"x-oyster-request-digest", "signature-input", "signature"].map((name) => header.get(name));	// one that stands twice is joined
const isSigner = (hash, sig) => /^0x[0-9a-f]{128}1[bc]$/.test(sig) && recoverAddress(hash, sig).toLowerCase() === address.toLowerCase();
function read(bytes) {	// JSON.parse alone hides keys that stand twice, and how numbers are written
	const json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), strings = json.match(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g);
	let keys = 1 + (strings ?? []).filter((string) => string.endsWith(":")).length;
	const all = JSON.parse(json, function (key, item) { keys -= !Array.isArray(this); return item; }), context = JSON.stringify(all?.context ?? []);
	need(keys === 0 && /^\[[-\d,]*\]$/.test(context) && (context === "[]" || json.replace(/\s/g, "").includes(`"context":${context}`)), "twice");
	return { ...all, context, hasContext: all.context != null };
}
const isUnset = (all, keys) => keys.split(" ").every((key) => [undefined, "null", '""', "{}", "[]", "false"].includes(JSON.stringify(all[key])));
if (hex || seconds) {
	const asked = read(request), text = body.toString("latin1"), parts = asked.stream === true && text.includes("\n") ? text.match(/^([^\n]+)\n([^\n]+)\n$/).slice(1) : [text];
	const lines = parts.map((part) => read(Buffer.from(part, "latin1"))), last = lines.at(-1), { context } = last;
	need(lines.every((line) => line.model === asked.model && line.done === (line === last) && isUnset(line, "error remote_host remote_model") && typeof line.response === "string" &&
		(line.context === context || !line.hasContext && line !== last)) && (lines.length < 2 || last.response === ""), "not one answer");
	need(isUnset(asked, "system template suffix format raw images think truncate shift logprobs top_logprobs options"), "a receipt does not say all that was asked");
	need(`${method} ${path} ${status}` === "POST /api/generate 200" && /^(0|[1-9]\d*)$/.test(seconds) && isSigner(packed(["string", "uint64", "string", "bytes"], ["|oyster-hasher||timestamp|", seconds,
		"|ollama_signature_parameters|", AbiCoder.defaultAbiCoder().encode(Array(5).fill("string"), [asked.model, asked.prompt ?? "", asked.context, lines[0].response, context])]), hex.replace(/^(?!0x)/, "0x")), "x-oyster-signature");
}
if (bodyDigest || requestDigest || input || value) {
	const [params, created, its] = input.match(/\(.*created=(0|[1-9]\d*)(?:;nonce="([\w.~+/=-]{1,128})")?;.*/), sig = decodeBase64(value.slice(8, -1));
	need(input === 'oyster=("@status" "@method";req "@path";req "content-digest" "x-oyster-request-digest");created=' + created +
		`${its ? `;nonce="${its}"` : ""};keyid="${address.toLowerCase()}";tag="oyster"` && created === (seconds ?? created), "signature-input");
	need(/^(POST \/api\/generate|(GET|HEAD) \/(health|oyster\/signer))$/.test(`${method} ${path}`) && [body, request].map((bytes) => `sha-256=:${encodeBase64(sha256(bytes))}:`).join() === [bodyDigest, requestDigest].join(), "a digest");
	need(value === `oyster=:${encodeBase64(sig)}:` && isSigner(hashMessage([`"@status": ${status}`, `"@method";req: ${method}`, `"@path";req: ${path}`,
		`"content-digest": ${bodyDigest}`, `"x-oyster-request-digest": ${requestDigest}`, `"@signature-params": ${params}`].join("\n")), hexlify(sig)), "signature");
}
need((hex || value) && (!nonce || input.includes(`;nonce="${nonce}";`)), "nothing to verify, or not with this nonce");
console.log(`signed by ${address}:${hex ? " receipt" : ""}${value ? " exchange" : ""}`);
