#!/usr/bin/env node
// evm.mjs FILE...: compiles keys/verify/OysterReceipt.sol and lets it judge the
// cases of tests/vectors in an EVM: digest, base and verdict must be as recorded.
// Prints each case that is not, and the gas that a verification takes.
// Exit status: 0 all is as it should be, 1 something is not.
import { readFileSync } from "node:fs";
import { EVM } from "@ethereumjs/evm";
import { Chain, Common, Hardfork } from "@ethereumjs/common";
import { Address, hexToBytes } from "@ethereumjs/util";
import { Interface, dataLength, getBytes, hexlify } from "ethers";
import solc from "solc";

const LIBRARY = new URL("../keys/verify/OysterReceipt.sol", import.meta.url);
const CALLER = Address.fromString(`0x${"ca".repeat(20)}`);
const GAS = 1n << 40n;

// A library's internal functions want a contract to call them.
const CONTRACT = `
pragma solidity ^0.8.20;
import "OysterReceipt.sol";
contract Caller {
	using OysterReceipt for *;
	function receipt(OysterReceipt.Receipt memory it, address signer, bytes memory signature) external pure returns (bool) {
		return it.signedBy(signer, signature);
	}
	function exchange(OysterReceipt.Exchange memory it, address signer, bytes memory signature) external pure returns (bool) {
		return it.signedBy(signer, signature);
	}
	function receiptDigest(OysterReceipt.Receipt memory it) external pure returns (bytes32) { return it.digest(); }
	function exchangeDigest(OysterReceipt.Exchange memory it, address signer) external pure returns (bytes32) { return it.digest(signer); }
	function exchangeBase(OysterReceipt.Exchange memory it, address signer) external pure returns (bytes memory) { return it.base(signer); }
}`;

function compile() {
	const output = JSON.parse(solc.compile(JSON.stringify({
		language: "Solidity",
		sources: { "OysterReceipt.sol": { content: readFileSync(LIBRARY, "utf8") }, "Caller.sol": { content: CONTRACT } },
		settings: { optimizer: { enabled: true, runs: 200 }, evmVersion: "cancun",
			outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
	})));
	const said = (output.errors ?? []).filter((one) => !/SPDX/.test(one.message));
	if (said.length)
		throw new Error(said.map((one) => one.formattedMessage).join("\n"));
	return output.contracts["Caller.sol"].Caller;
}

async function deploy({ abi, evm: { bytecode } }) {
	const evm = await EVM.create({ common: new Common({ chain: Chain.Mainnet, hardfork: Hardfork.Cancun }) });
	const made = await evm.runCall({ caller: CALLER, data: hexToBytes(`0x${bytecode.object}`), gasLimit: GAS });
	if (made.execResult.exceptionError)
		throw new Error(`deployment: ${made.execResult.exceptionError.error}`);
	return { evm, to: made.createdAddress, face: new Interface(abi) };
}

// What a function returns, and the gas: that of the call, and with what every
// transaction pays (21,000, and 16 or 4 for each byte of its data).
async function call({ evm, to, face }, name, ...values) {
	const data = getBytes(face.encodeFunctionData(name, values));
	const { execResult: done } = await evm.runCall({ caller: CALLER, to, data, gasLimit: GAS });
	if (done.exceptionError)
		throw new Error(`${name}: ${done.exceptionError.error}`);
	const zeros = BigInt(data.filter((byte) => byte === 0).length);
	const bytes = BigInt(dataLength(hexlify(data)));
	return { value: face.decodeFunctionResult(name, done.returnValue)[0], gas: done.executionGasUsed,
		whole: done.executionGasUsed + 21000n + 16n * (bytes - zeros) + 4n * zeros };
}

// --- the three forms of recorded cases ---

// What a client of the old program's case takes out of the bodies.
function receiptOfBodies(one) {
	const [request, reply] = [one.request_body, one.upstream_body].map((text) => JSON.parse(text));
	return { ...one, seconds: one.timestamp, strings: {
		model: reply.model, prompt: request.prompt ?? "", request_context: JSON.stringify(request.context ?? []),
		response: reply.response, response_context: JSON.stringify(reply.context ?? []) } };
}

function exchangeOfFields(one) {
	const bytes = (field) => Buffer.from(field.match(/:(.*):/)[1], "base64").toString("hex");
	return { ...one, content_digest: bytes(one.content_digest), request_digest: bytes(one.request_digest),
		digest: one.eip191_digest, signature: bytes(one.signature) };
}

function* casesOf(path) {
	const file = JSON.parse(readFileSync(path));
	for (const one of file.cases ?? file) {
		if (one.upstream_body)
			yield receiptOfBodies({ address: file.address, verdict: "verify", ...one });
		else if (one.eip191_digest)
			yield exchangeOfFields({ verdict: "verify", ...one });
		else
			yield one;
	}
}

// --- the verdicts ---

function argumentOf(one) {
	if (one.strings) {
		const { model, prompt, request_context, response, response_context } = one.strings;
		return ["receipt", [one.seconds, model, prompt, request_context, response, response_context]];
	}
	return ["exchange", [one.status, one.method, one.path, `0x${one.content_digest}`, `0x${one.request_digest}`, one.created, one.nonce ?? ""]];
}

async function judge(contract, one, gas) {
	const [kind, it] = argumentOf(one);
	const whom = kind === "exchange" ? [one.address] : [];
	const { value: digest } = await call(contract, `${kind}Digest`, it, ...whom);
	if (one.digest && digest !== `0x${one.digest}`)
		return `the digest is ${digest}`;
	if (one.base && Buffer.from((await call(contract, "exchangeBase", it, one.address)).value.slice(2), "hex").toString() !== one.base)
		return "the base is another";
	const said = await call(contract, kind, it, one.address, `0x${one.signature}`);
	if (said.value !== (one.verdict === "verify"))
		return said.value ? "is verified, and must be refused" : "is refused, and must be verified";
	if (one.verdict === "verify")
		gas.push({ kind, ...said, name: one.name });
	return "";
}

function report(gas) {
	for (const kind of ["receipt", "exchange"]) {
		const these = gas.filter((one) => one.kind === kind);
		const plain = these.find((one) => ["plain", "answer", "vector1"].includes(one.name)) ?? these[0];
		if (plain)
			console.log(`gas ${kind}: ${plain.gas} in the contract, ${plain.whole} as a transaction (${plain.name}); ` +
				`${these.reduce((least, one) => one.gas < least ? one.gas : least, GAS)} to ` +
				`${these.reduce((most, one) => one.gas > most ? one.gas : most, 0n)} over ${these.length} cases`);
	}
}

const contract = await deploy(compile());
const gas = [];
let verified = 0, refused = 0, form = 0, wrong = 0;
for (const path of process.argv.slice(2)) {
	for (const one of casesOf(path)) {
		if (one.refused_by === "form") {
			form++;		// what a contract is given has no form to be wrong
			continue;
		}
		const fault = await judge(contract, one, gas);
		if (fault)
			console.log(`${one.name}: ${fault}`);
		wrong += fault !== "";
		verified += one.verdict === "verify" && !fault;
		refused += one.verdict === "refuse" && !fault;
	}
}
report(gas);
console.log(`${verified} verified, ${refused} refused, ${wrong} wrong; ${form} are not for a contract`);
process.exitCode = wrong || !verified ? 1 : 0;
