"""The small text tokenizer of the bundled model.

Ids: visual codes, image start and end, unused, then 256 bytes, the markers of GLM-4, words of the
prompts and Chinese characters. There are no merges: a word that is not in the list is spelled byte
by byte, and so is everything in quotation marks, which is cut into single characters before words
are looked up. The generator thus sees the letters that it has to draw; a Chinese character is one
id everywhere.
"""

import json
from functools import cache

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from glm_image.data.characters import HAN
from glm_image.data.prompt_words import PROMPT_WORDS
from glm_image.tokenizer.text import Roles, TextTokenizer

CODES = 9408
"""Size of the codebook; the vocabulary of meanings fills most of it."""

VISION_VOCAB = CODES + 128
START, END = CODES, CODES + 1
MARKERS = (
    "<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>",
    "<|assistant|>", "<|observation|>", "<|begin_of_image|>", "<|end_of_image|>",
    "<|begin_of_video|>", "<|end_of_video|>", "<|image|>", "<|video|>",
)  # fmt: skip

_PIECES = r" ?[A-Za-z]+|\p{Han}|\d|[^\sA-Za-z\d\p{Han}]|\s"
_QUOTED = r"\"[^\"]*\"|“[^”]*”|‘[^’]*’|「[^」]*」|『[^』]*』|(?<![A-Za-z0-9])'[^']*'(?![A-Za-z0-9])"
# Inside a quoted piece, every character before the closing mark.
_QUOTED_CHARACTER = r".(?=.*[\"'”’」』]\z)"
_PUNCTUATION = "“”‘’「」『』，。；、：！？"


@cache
def build() -> TextTokenizer:
    """The tokenizer of the bundled model; the same on every machine."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    vocabulary = {f"<|dit_token_{code}|>": code for code in range(VISION_VOCAB)}
    words = (*PROMPT_WORDS, *_PUNCTUATION, *HAN)
    spelled = [to_bytes.pre_tokenize_str(word)[0][0] for word in words]
    for entry in (*alphabet, *MARKERS, *spelled):
        vocabulary.setdefault(entry, len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QUOTED), behavior="isolated"),
            pre_tokenizers.Split(Regex(_QUOTED_CHARACTER), behavior="isolated"),
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            to_bytes,
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [f"<|dit_token_{START}|>", f"<|dit_token_{END}|>", *MARKERS]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    return TextTokenizer(
        json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False),
        Roles(
            image="<|image|>",
            grid_start="<sop>",
            grid_end="<eop>",
            start=special[0],
            end=special[1],
        ),
    )
