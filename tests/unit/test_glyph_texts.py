"""Quoted texts and their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_image.errors import InputError
from glm_image.tokenizer.glyph import POLICIES, byt5_batch, byt5_ids, quoted_texts


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        ("no quotes at all", []),
        ('a poster that says "HELLO"', ["HELLO"]),
        ("don't say it's 'ok'", ["ok"]),
        ('the 5\'10" man says "OK"', ["OK"]),
        ('a 24" screen with "one" and “two”', ["one", "two"]),
        ("“don’t” ‘it’s’ 「你好」『世界』", ["don’t", "it’s", "你好", "世界"]),
        ("写着'你好'的牌子和\"欢迎\"两个字", ["你好", "欢迎"]),
        ("'90s style with 'HI'", ["HI"]),
        ("the dogs' 'bowl'", ["bowl"]),
        ("'HELLO','BYE'", ["HELLO", "BYE"]),
        ("\"it's 'fine'\" 'x'", ["it's 'fine'", "x"]),
        ("「外『内』」", ["外『内』"]),
        ("“a “b” c”", ["a “b” c"]),
        ('“never closed and "ok"', ["ok"]),
        ("\"never closed and 'ok'", ["ok"]),
        ('"" \'\' "  " "x"', ["x"]),
        ("x\" 'y", []),
        ('"two\nlines"', ["two\nlines"]),
        ("O'Neil's bar", []),
    ],
)
def test_smart_quotes(prompt: str, texts: list[str]) -> None:
    assert quoted_texts(prompt) == texts


def test_compat_is_the_reference() -> None:
    assert quoted_texts("don't say it's 'ok'", "compat") == ["t say it", "ok"]
    mixed = "\"a\" 'b' “c” 「d」 ‘e’ 『f』"
    assert quoted_texts(mixed, "compat") == ["b", "c", "a", "d"]


def test_unknown_policy() -> None:
    with pytest.raises(InputError, match="did you mean 'smart'"):
        quoted_texts("x", "smrt")


@given(st.text(alphabet="ab '\"“”‘’「」『』\n5"))
def test_quoted_texts_stand_in_the_prompt(prompt: str) -> None:
    for policy in POLICIES:
        assert all(text in prompt for text in quoted_texts(prompt, policy))
    # Reading order: every text is found behind the one before it.
    position = 0
    for text in quoted_texts(prompt):
        assert text.strip()
        position = prompt.index(text, position) + len(text)


def test_bytes_and_end() -> None:
    assert byt5_ids(["Hi"]) == [[ord("H") + 3, ord("i") + 3, 1]]
    assert byt5_ids([]) == [[1]]
    assert byt5_ids(["你"]) == [[byte + 3 for byte in "你".encode()] + [1]]


def test_an_even_number_of_texts_is_padded_in_front() -> None:
    assert [row[0] for row in byt5_ids(["a", "b"])] == [0, 0]
    assert [row[0] for row in byt5_ids(["a", "b", "c"])] == [100, 101, 102]
    assert sum(len(row) for row in byt5_ids(["ab", "longer one"])) == 16
    assert sum(len(row) for row in byt5_ids(["x", "你好", "y"])) == 11


def test_long_texts_are_cut() -> None:
    (row,) = byt5_ids(["x" * 5000])
    assert len(row) == 2048 and row[-1] == 1


def test_batches_are_padded_on_the_right() -> None:
    ids_bs, mask_bs = byt5_batch(["ab", "c"])
    assert ids_bs.tolist() == [[0, 100, 101, 1], [0, 102, 1, 0]]
    assert mask_bs.tolist() == [[True] * 4, [True, True, True, False]]


def test_half_a_surrogate_pair_has_no_bytes() -> None:
    with pytest.raises(InputError, match="surrogate"):
        byt5_ids(["\udc00"])
