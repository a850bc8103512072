"""The small text tokenizer of the bundled model.

Ids: visual codes, image start and end, unused, then 256 bytes, the markers of GLM-4, words of the
prompts and Chinese characters. There are no merges: a word that is not in the list is spelled byte
by byte, and so is everything in quotation marks, which is cut into single characters before words
are looked up. The generator thus sees the letters that it has to draw; a Chinese character is one
id everywhere.
"""

import json
import random
import re
from collections import Counter
from functools import cache

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from glm_image.data.characters import HAN, LATIN
from glm_image.data.chinese import CHINESE
from glm_image.data.describing import describe
from glm_image.data.edits import sample_edit
from glm_image.data.english import ENGLISH
from glm_image.data.layout import sample_scene
from glm_image.data.mix import SceneMix
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
_OUTSIDE = re.compile(_QUOTED.replace(r"\"", '"'))
_WORD = re.compile(r" ?[A-Za-z]+|[\u4e00-\u9fff]")
_PUNCTUATION = "“”‘’「」『』，。；、：！？"
_PROMPTS = 3_000
_WORDS = 900
"""Most words with an id of their own."""

_SEED = 11


def _words() -> list[str]:
    """Words and characters of the prompts' wording, most frequent first, quotes left out."""
    rng = random.Random(_SEED)
    mix = SceneMix()
    counts: Counter[str] = Counter()
    for index in range(_PROMPTS):
        book = (ENGLISH, CHINESE)[index % 2]
        prompt = describe(rng, sample_scene(rng, mix), book)
        instruction = sample_edit(rng, mix, book).instruction
        for text in (prompt, instruction):
            counts.update(_WORD.findall(_OUTSIDE.sub(" ", text)))
    words = [word for word, _ in counts.most_common() if len(word) > 1]
    characters = [sign for sign in counts if len(sign) == 1 and sign not in LATIN]
    return words[:_WORDS] + sorted(characters)


@cache
def build() -> TextTokenizer:
    """The tokenizer of the bundled model; the same on every machine."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    vocabulary = {f"<|dit_token_{code}|>": code for code in range(VISION_VOCAB)}
    words = [*_words(), *_PUNCTUATION]
    words += [character for character in HAN if character not in words]
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
