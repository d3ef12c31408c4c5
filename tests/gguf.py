#!/usr/bin/env python3
"""gguf.py FILE [PRE] - write a tiny random-weight model for the tests.

The file is a llama of one layer in GGUF version 3, about 0.4 MB, that Ollama
loads in a moment.  What it says is nonsense, but always the same nonsense:
the bytes of the file depend on nothing but this script.  The size of its
vocabulary is printed, so the largest token is one less.

With PRE its tokens are bytes, and texts are cut as by the models whose
tokenizer.ggml.pre that is: `qwen2', say.  The last tokens are eight times `a',
and one that is not used.
"""

import random
import struct
import sys

# What the prompt is split into and what the model can say.  Among the pieces
# are those that Ollama escapes in JSON and some of two, three and four bytes.
WORDS = """the and of to in is you that it he was for on are as with his they
I at be this have from or one had by word but not what all were we when your
can said there use an each which she do how their if will up other about out
many then them these so some her would make like him into time has look two
more write go see number no way could people my than first water been call
who its now find long down day did get come made may part""".split()
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SIGNS = ".,!?;:'\"\\/()[]{}<>&+-*=%$#@_|~`^\n\t\u2028\u2029éñßЖ中文語€🦀🎉"

SPACE = "\u2581"  # stands for a blank in the pieces
UNKNOWN, CONTROL, NORMAL, UNUSED, BYTE = 2, 3, 1, 5, 6  # token types
U32, I32, F32, STRING, ARRAY = 4, 5, 6, 8, 9  # types of values

WIDTH = 64
FEED = 128
HEADS = 4
ALIGN = 32


def vocabulary():
    """Return the tokens as (piece, type), in the order of their numbers."""
    tokens = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
    tokens += [(f"<0x{byte:02X}>", BYTE) for byte in range(256)]
    tokens += [(SPACE, NORMAL)]
    tokens += [(SPACE + word, NORMAL) for word in WORDS]
    tokens += [(sign, NORMAL) for sign in LETTERS + SIGNS]
    tokens += [(f"[{n}]", NORMAL) for n in range(-len(tokens) % 8)]
    return tokens


MERGES = ["a a", "aa aa", "aaaa aaaa"]


def byte_vocabulary():
    """Likewise, of bytes: what is no sign of Latin-1 stands as one from U+0100."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    signs = {byte: chr(byte) for byte in plain}
    signs.update((byte, chr(256 + n)) for n, byte in enumerate(others))
    readable = range(32, 127)
    tokens = [("<s>", CONTROL), ("</s>", CONTROL)]
    tokens += [(signs[byte], BYTE) for byte in signs if byte not in readable]
    tokens += [(signs[byte], NORMAL) for byte in readable]
    tokens += [(merge.replace(" ", ""), NORMAL) for merge in MERGES]
    tokens += [("[PAD]", UNUSED)]
    return tokens


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, what):
    if kind == STRING:
        return string(what)
    return struct.pack({U32: "<I", I32: "<i", F32: "<f"}[kind], what)


def key(name, kind, what):
    return string(name) + struct.pack("<I", kind) + value(kind, what)


def array(name, kind, items):
    head = struct.pack("<IIQ", ARRAY, kind, len(items))
    return string(name) + head + b"".join(value(kind, item) for item in items)


def tokenizer(tokens, pre):
    pieces = array("tokenizer.ggml.tokens", STRING, [piece for piece, _ in tokens])
    types = array("tokenizer.ggml.token_type", I32, [kind for _, kind in tokens])
    if pre:
        return [
            key("tokenizer.ggml.model", STRING, "gpt2"),
            key("tokenizer.ggml.pre", STRING, pre),
            pieces,
            types,
            array("tokenizer.ggml.merges", STRING, MERGES),
            key("tokenizer.ggml.bos_token_id", U32, 0),
            key("tokenizer.ggml.eos_token_id", U32, 1),
        ]
    return [
        key("tokenizer.ggml.model", STRING, "llama"),
        pieces,
        array("tokenizer.ggml.scores", F32, [-n for n in range(len(tokens))]),
        types,
        key("tokenizer.ggml.bos_token_id", U32, 1),
        key("tokenizer.ggml.eos_token_id", U32, 2),
        key("tokenizer.ggml.unknown_token_id", U32, 0),
    ]


def keys(tokens, pre):
    return [
        key("general.architecture", STRING, "llama"),
        key("general.name", STRING, "tiny"),
        key("general.file_type", U32, 0),
        key("llama.context_length", U32, 2048),
        key("llama.embedding_length", U32, WIDTH),
        key("llama.block_count", U32, 1),
        key("llama.feed_forward_length", U32, FEED),
        key("llama.attention.head_count", U32, HEADS),
        key("llama.attention.head_count_kv", U32, HEADS),
        key("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        key("llama.rope.dimension_count", U32, WIDTH // HEADS),
        *tokenizer(tokens, pre),
    ]


def noise(source, count, spread):
    """Nearly normal numbers: a sum of uniform ones needs no libm, whose last
    digit differs between machines."""
    return [
        spread * (sum(source.random() for _ in range(12)) - 6)
        for _ in range(count)
    ]


def tensors(tokens):
    """Yield (name, dimensions, numbers)."""
    source = random.Random(1)
    size = len(tokens)

    def matrix(name, inner, outer, spread=0.3):
        return name, (inner, outer), noise(source, inner * outer, spread)

    def norm(name):
        return name, (WIDTH,), [1.0] * WIDTH

    yield matrix("token_embd.weight", WIDTH, size, 1.0)
    yield norm("blk.0.attn_norm.weight")
    for part in "attn_q", "attn_k", "attn_v", "attn_output":
        yield matrix(f"blk.0.{part}.weight", WIDTH, WIDTH)
    yield norm("blk.0.ffn_norm.weight")
    yield matrix("blk.0.ffn_gate.weight", WIDTH, FEED)
    yield matrix("blk.0.ffn_up.weight", WIDTH, FEED)
    yield matrix("blk.0.ffn_down.weight", FEED, WIDTH)
    yield norm("output_norm.weight")

    # Control and byte tokens are never the likeliest, so that an answer is
    # text, valid as UTF-8, and ends where num_predict says.
    name, shape, numbers = matrix("output.weight", WIDTH, size, 1.0)
    mute = sum(kind != NORMAL for _, kind in tokens) * WIDTH
    yield name, shape, [0.0] * mute + numbers[mute:]


def model(tokens, pre):
    infos, data = [], b""
    for name, shape, numbers in tensors(tokens):
        infos.append(
            string(name)
            + struct.pack("<I", len(shape))
            + struct.pack(f"<{len(shape)}Q", *shape)
            + struct.pack("<IQ", 0, len(data))
        )
        data += struct.pack(f"<{len(numbers)}f", *numbers)
    pairs = keys(tokens, pre)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(infos), len(pairs))
    head += b"".join(pairs) + b"".join(infos)
    return head + bytes(-len(head) % ALIGN) + data


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: gguf.py FILE [PRE]")
    pre = sys.argv[2] if len(sys.argv) == 3 else None
    tokens = byte_vocabulary() if pre else vocabulary()
    if len({piece for piece, _ in tokens}) != len(tokens):
        sys.exit("gguf.py: a piece is there twice")
    with open(sys.argv[1], "wb") as file:
        file.write(model(tokens, pre))
    print(len(tokens))


if __name__ == "__main__":
    main()
