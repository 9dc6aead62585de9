"""The tokenizer of captions: a word is a token."""

from collections.abc import Sequence

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from mindseye.tools.video.captions import MAX_WORDS, vocabulary


def build_tokenizer(known: Sequence[str] | None = None) -> PreTrainedTokenizerFast:
    """Return a word-level tokenizer with an unknown token, in transformers' format.

    Args:
      known: its words; by default those of captions of the table.
    """
    words = ["[PAD]", "[UNK]", "[CLS]", *(vocabulary() if known is None else known)]
    core = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.add_special_tokens(["[PAD]", "[UNK]", "[CLS]"])
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        model_max_length=MAX_WORDS,
    )
