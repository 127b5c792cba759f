"""Write a model file for llama.cpp with random weights: it says nothing of sense, but at once.

Runs in the environment of `make peers`, which has gguf and numpy.
"""

import sys

import gguf
import numpy

WIDTH, LAYERS, HEADS, HIDDEN, CONTEXT = 64, 1, 4, 128, 4096
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write(path: str) -> None:
    """Write the file."""
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    characters = [chr(code) for code in range(33, 127)] + ["\u2581"]
    kinds = [2, 3, 3, 3, 3] + [6] * 256 + [1] * len(characters)
    scores = [0.0] * (len(SPECIAL) + 256) + [-1.0] * len(characters)
    tokens += characters
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(4)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT)
    _add_tensors(writer, len(tokens))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tensors(writer: gguf.GGUFWriter, vocabulary: int) -> None:
    random = numpy.random.default_rng(7)

    def weights(name: str, *shape: int) -> None:
        values = random.standard_normal(shape) * 0.02
        writer.add_tensor(f"{name}.weight", values.astype(numpy.float32))

    def ones(name: str) -> None:
        writer.add_tensor(f"{name}.weight", numpy.ones(WIDTH, numpy.float32))

    weights("token_embd", vocabulary, WIDTH)
    weights("output", vocabulary, WIDTH)
    ones("output_norm")
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        ones(f"{block}attn_norm")
        ones(f"{block}ffn_norm")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights(block + name, WIDTH, WIDTH)
        weights(f"{block}ffn_gate", HIDDEN, WIDTH)
        weights(f"{block}ffn_up", HIDDEN, WIDTH)
        weights(f"{block}ffn_down", WIDTH, HIDDEN)


if __name__ == "__main__":
    write(sys.argv[1])
