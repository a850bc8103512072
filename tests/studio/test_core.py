"""Parts of the page that have a twin in Python say the same."""

import random
from dataclasses import replace
from typing import Any

import pytest
from fake import CARD
from playwright.sync_api import Page

from glm_image.serving.routes.models import model_answer
from glm_image.serving.settings import RequestLimits
from glm_image.serving.sizes import PictureSize, nearest
from glm_image.tokenizer.quotes import smart_quotes

PROMPTS = [
    "", "no quotes", 'a sign "OPEN"', "it's a dog's 'life'", "5'10\" tall, \"HI\"", '"" " " "x"',
    "“外” 和 ‘内’", "「a「b」c」", "『书』“a ”", "don't ‘stop’ me", "rock 'n' roll",
    "'a' 'b c' d'e'",
    '"unclosed', "‘it’s fine’", "写着'你好'的牌子", "12\" disc, \"A\"", "🎈\"🎈 text\" tail",
    "'\n'", "''''",
]  # fmt: skip


def quoted(page: Page, prompts: list[str]) -> Any:
    return page.evaluate(
        """async (prompts) => {
            const { quotes } = await import(
                new URL('studio/scripts/core/quotes.js', document.baseURI));
            return prompts.map((prompt) => quotes(prompt).map(({ text, start, end }) => {
                if (prompt.slice(start, end) !== text) throw new Error(`places in ${prompt}`);
                return text;
            }));
        }""",
        prompts,
    )


def test_quotes_are_those_of_the_glyph_encoder(page: Page) -> None:
    chance = random.Random(0)
    signs = "\"\"''“”‘’「」『』 ab1é你.,\n\u3000\u00a0🎈s"
    made = ["".join(chance.choices(signs, k=chance.randrange(1, 24))) for _ in range(3000)]
    prompts = PROMPTS + made
    for prompt, found in zip(prompts, quoted(page, prompts), strict=True):
        assert found == smart_quotes(prompt), repr(prompt)


@pytest.mark.parametrize(("multiple", "most"), [(32, None), (48, None), (32, 2**18)])
def test_sizes_snap_as_the_service_snaps_them(page: Page, multiple: int, most: int | None) -> None:
    card = replace(CARD, min_side=100, max_side=1000, multiple=multiple, max_pixels=most)
    model = model_answer(card, RequestLimits()).model_dump()
    sides = list(range(1, 1100, 3)) + [multiple * k + multiple // 2 for k in range(30)]
    found = page.evaluate(
        """async ([sides, model]) => {
            const { nearest } = await import(
                new URL('studio/scripts/core/sizes.js', document.baseURI));
            return sides.map((side) => nearest({ width: side, height: 2 * side }, model));
        }""",
        [sides, model],
    )
    for side, size in zip(sides, found, strict=True):
        near = nearest(PictureSize(width=side, height=2 * side), card)
        assert (size["width"], size["height"]) == (near.width, near.height), side


def test_large_numbers_stay_exact(page: Page) -> None:
    sent = page.evaluate(
        """async () => {
            const { parse, stringify } = await import(
                new URL('studio/scripts/core/api.js', document.baseURI));
            return stringify(parse(
                '{"seed": [18446744073709551615, 7], "prompt": "18446744073709551615"}'));
        }"""
    )
    assert sent == '{"seed":[18446744073709551615,7],"prompt":"18446744073709551615"}'


def test_errors_come_apart(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const { ApiError } = await import(
                new URL('studio/scripts/core/api.js', document.baseURI));
            const error = new ApiError(400, {
                message: 'got 100x100 (sides (both)) (the nearest is 96x96)', param: 'size',
                code: 'x',
            });
            return [error.reason, error.hint, error.field];
        }"""
    )
    assert found == ["got 100x100 (sides (both))", "the nearest is 96x96", "size"]
