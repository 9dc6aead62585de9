"""Vision-language models of the real classes, tiny and randomly initialised: a path test only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

CHAT = (
    "{% for m in messages %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}\n{% endif %}"
)
SPECIAL = ("<pad>", "</s>", "<image>", "<fake_token_around_image>", "<end_of_utterance>",
           "<global-img>", "<row_1_col_1>")  # fmt: skip


def _tokenizer() -> Any:
    """Return a tokenizer that spells in bytes, but knows yes and no."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["ye", "yes", "no"]
    vocab = {t: i for i, t in enumerate((*SPECIAL, *letters, *words))}
    inner = Tokenizer(models.BPE(vocab=vocab, merges=[("y", "e"), ("ye", "s"), ("n", "o")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>",
        additional_special_tokens=list(SPECIAL[2:]),
    )  # fmt: skip


def _text(size: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=8192, pad_token_id=0,
        eos_token_id=1, bos_token_id=None,
    )  # fmt: skip


def _idefics3() -> tuple[Any, Any]:
    """Return what SmolVLM's checkpoints are: one picture is nine tokens."""
    tokenizer = _tokenizer()
    pictures = Idefics3ImageProcessorPil(
        size={"longest_edge": 48}, max_image_size={"longest_edge": 48}, do_image_splitting=False
    )
    processor = Idefics3Processor(pictures, tokenizer, image_seq_len=9, chat_template=CHAT)
    seen = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": 48, "patch_size": 8}  # fmt: skip
    config = Idefics3Config(
        vision_config=seen, text_config=_text(len(tokenizer)), scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    return Idefics3ForConditionalGeneration(config), processor


def _llava() -> tuple[Any, Any]:
    tokenizer = _tokenizer()
    pictures = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    processor = LlavaProcessor(
        pictures, tokenizer, patch_size=8, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=CHAT,
    )  # fmt: skip
    seen = CLIPVisionConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        image_size=32, patch_size=8, projection_dim=16,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=seen, text_config=_text(len(tokenizer)), vision_feature_layer=-1,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    return LlavaForConditionalGeneration(config), processor


MAKERS: dict[str, Callable[[], tuple[Any, Any]]] = {"idefics3": _idefics3, "llava": _llava}
"""Kind of model -> what makes one."""


def save_tiny(kind: str, folder: Path) -> Path:
    """Save a tiny model of a kind with its processor, the same each time."""
    state = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        model, processor = MAKERS[kind]()
    finally:
        torch.set_rng_state(state)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
