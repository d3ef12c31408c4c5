// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// Checks on chain what an enclave's key signed: receipts (x-oyster-signature)
/// and exchanges (signature, RFC 9421).  oyster-receipt(7) says what both mean.
///
///     using OysterReceipt for OysterReceipt.Receipt;
///     require(receipt.signedBy(signer, signature), "not what the model said");
///
/// The signer is the address of the enclave's key, known from its attestation.
/// A contract that must not take the same answer twice, or an old one, looks
/// at `time' and `nonce' and keeps the digest: a good signature has no twin.
library OysterReceipt {
    /// This model answered this prompt with this text at this second.
    struct Receipt {
        uint64 time; // Unix seconds: x-oyster-timestamp
        string model;
        string prompt; // decoded, as the four others
        string requestContext; // "[1,2]" without white space, "[]" without one
        string response;
        string responseContext;
    }

    /// These request bytes were answered with this status and these bytes.
    struct Exchange {
        uint16 status;
        string method;
        string path;
        bytes32 contentDigest; // SHA-256 of the answer's body
        bytes32 requestDigest; // SHA-256 of the request's body
        uint64 created; // Unix seconds
        string nonce; // empty when none was sent
    }

    /// Half of the curve's order: the largest s that is not a twin's.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    bytes private constant BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes16 private constant HEX = "0123456789abcdef";

    function signedBy(Receipt memory receipt, address signer, bytes memory signature) internal pure returns (bool) {
        return signer != address(0) && recover(digest(receipt), signature) == signer;
    }

    function signedBy(Exchange memory exchange, address signer, bytes memory signature) internal pure returns (bool) {
        return signer != address(0) && recover(digest(exchange, signer), signature) == signer;
    }

    function digest(Receipt memory receipt) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                "|oyster-hasher||timestamp|",
                receipt.time,
                "|ollama_signature_parameters|",
                abi.encode(
                    receipt.model, receipt.prompt, receipt.requestContext, receipt.response, receipt.responseContext
                )
            )
        );
    }

    /// EIP-191, version 0x45, over the signature base.
    function digest(Exchange memory exchange, address signer) internal pure returns (bytes32) {
        bytes memory text = base(exchange, signer);
        return keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n", decimal(text.length), text));
    }

    /// The signature base of RFC 9421, section 2.5.  A signed one has these six
    /// lines, each once, and each parameter once, so nothing that is put into
    /// method, path or nonce makes it another exchange's.
    function base(Exchange memory exchange, address signer) internal pure returns (bytes memory) {
        return abi.encodePacked(
            '"@status": ',
            decimal(exchange.status),
            '\n"@method";req: ',
            exchange.method,
            '\n"@path";req: ',
            exchange.path,
            '\n"content-digest": sha-256=:',
            base64(exchange.contentDigest),
            ':\n"x-oyster-request-digest": sha-256=:',
            base64(exchange.requestDigest),
            ":\n",
            parameters(exchange, signer)
        );
    }

    /// The address whose key made r[32] s[32] v[1]; zero for what is no
    /// signature, or the twin that anyone can make of one.
    function recover(bytes32 hash, bytes memory signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        bytes32 s;
        uint8 v = uint8(signature[64]);
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
        if ((v != 27 && v != 28) || uint256(s) > MAX_S) return address(0);
        return ecrecover(hash, v, r, s); // zero for r or s out of range
    }

    function parameters(Exchange memory exchange, address signer) private pure returns (bytes memory) {
        bytes memory nonce;
        if (bytes(exchange.nonce).length > 0) nonce = abi.encodePacked(';nonce="', exchange.nonce, '"');
        return abi.encodePacked(
            '"@signature-params": ("@status" "@method";req "@path";req "content-digest" "x-oyster-request-digest");created=',
            decimal(exchange.created),
            nonce,
            ';keyid="0x',
            hexadecimal(signer),
            '";tag="oyster"'
        );
    }

    function decimal(uint256 number) private pure returns (bytes memory text) {
        uint256 digits = 1;
        for (uint256 rest = number; rest > 9; rest /= 10) digits++;
        text = new bytes(digits);
        for (; digits > 0; number /= 10) text[--digits] = bytes1(uint8(48 + number % 10));
    }

    function hexadecimal(address number) private pure returns (bytes memory text) {
        uint160 rest = uint160(number);
        text = new bytes(40);
        for (uint256 i = 40; i > 0; rest >>= 4) text[--i] = HEX[rest & 15];
    }

    /// 32 bytes are ten times three, and two left over: 43 characters and `='.
    /// In assembly because Solidity would check the bounds of each character:
    /// a word that is loaded 31 bytes early ends in the wanted one.
    function base64(bytes32 from) private pure returns (bytes memory text) {
        bytes memory alphabet = BASE64;
        text = new bytes(44);
        assembly ("memory-safe") {
            let put := add(text, 32)
            for { let i := 0 } lt(i, 42) { i := add(i, 1) } {
                mstore8(add(put, i), mload(add(add(alphabet, 1), and(shr(sub(250, mul(6, i)), from), 63))))
            }
            mstore8(add(put, 42), mload(add(add(alphabet, 1), and(shl(2, from), 63))))
            mstore8(add(put, 43), 0x3d)
        }
    }
}
