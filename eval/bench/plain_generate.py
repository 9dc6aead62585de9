"""A process that answers by plain `transformers`: `python -m ... FOLDER DTYPE LONGEST`.

A model as `transformers` gives it to anybody who names its folder, with threads as torch has them
by itself. It says "ready" when it can. For each line that comes in, a JSON list of prompts, which
are lists of tokens, it writes a JSON line of their texts.
"""

import json
import sys
from collections.abc import Sequence

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


class Plain:
    """The model and how it generates: greedily."""

    def __init__(self, folder: str, dtype: torch.dtype, longest: int) -> None:
        """Load it."""
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self.end: int = self.tokenizer.eos_token_id
        self.how = GenerationConfig(
            max_new_tokens=longest, do_sample=False, eos_token_id=self.end, pad_token_id=self.end
        )

    @torch.inference_mode()
    def __call__(self, prompts: Sequence[Sequence[int]]) -> list[str]:
        """Return the answers, padded on the left where they are several."""
        longest = max(len(ids) for ids in prompts)
        gaps = [longest - len(ids) for ids in prompts]
        rows = zip(gaps, prompts, strict=True)
        ids = torch.tensor([[self.end] * gap + list(ids) for gap, ids in rows])
        mask = torch.tensor([[0] * gap + [1] * (longest - gap) for gap in gaps])
        written = self.model.generate(ids, attention_mask=mask, generation_config=self.how)
        texts: list[str] = self.tokenizer.batch_decode(
            written[:, longest:], skip_special_tokens=True
        )
        return texts


def main(folder: str, dtype: str, longest: str) -> None:
    """Answer until standard input ends."""
    out, sys.stdout = sys.stdout, sys.stderr
    plain = Plain(folder, getattr(torch, dtype), int(longest))
    out.write("ready\n")
    out.flush()
    for line in sys.stdin:
        out.write(json.dumps(plain(json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
