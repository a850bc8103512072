"""Whether quoted texts are in a picture, and the process that reads it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from glm_image.errors import GlmImageError
from glm_image.serving.errors import UnavailableError
from glm_image.serving.ocr.desk import ReadingDesk
from glm_image.serving.ocr.verdict import Line, State, in_reading_order, judge, letters

READER = """
import json, struct, sys, time
while len(head := sys.stdin.buffer.read(8)) == 8:
    data = sys.stdin.buffer.read(*struct.unpack(">Q", head)).decode()
    if data == "die":
        sys.exit(3)
    if data == "sleep":
        time.sleep(600)
    box = {"text": data, "score": 0.5, "box": [0, 0, 1, 1]}
    said = {"error": "no picture"} if data == "wrong" else {"boxes": [box]}
    sys.stdout.write(json.dumps(said) + "\\n")
    sys.stdout.flush()
"""
"""Speaks as the reader does and reads nothing; the true one has its test beside the route."""


def lines(*texts: str) -> list[Line]:
    return [
        Line(text=text, score=0.9, box=(10.0, 20.0 * n, 90.0, 20.0 * n + 15))
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("quote", "found", "state"),
    [
        ("HELLO", ["HELLO"], State.READ),
        ("Hello, world!", ["hello", "WORLD"], State.READ),
        ("SUMMER SALE", ["SUMMERSALE"], State.READ),
        ("SUMMER SALE", ["SUM MER", "SALE"], State.READ),
        ("SUMMER SALE", ["SUMMEP SALE"], State.MISREAD),
        ("OPEN", ["closed today"], State.MISSING),
        ("OPEN", [], State.MISSING),
        ("cat", ["concatenate"], State.MISSING),
        ("OPEN", ["AI生成", "OPEN LATE"], State.READ),
        ("你好", ["你好"], State.READ),
        ("大海", ["我爱大海啊"], State.READ),
        ("大海的声音", ["大梅的声音"], State.MISREAD),
        ("１２３", ["123"], State.READ),
        ("!!!", ["!!!"], State.READ),
        ("!!!", ["a"], State.MISSING),
    ],
)
def test_a_quoted_text_is_read_misread_or_missing(
    quote: str, found: list[str], state: State
) -> None:
    (verdict,) = judge([quote], lines(*found))
    assert (verdict.text, verdict.state) == (quote, state)
    assert (verdict.found is None) == (verdict.box is None) == (state is State.MISSING)


def test_what_stands_there_is_told_with_its_place() -> None:
    verdicts = judge(["SUMMER SALE", "50 %"], lines("SUMMEP", "SALE", "50%"))
    first, second = verdicts
    assert (first.found, first.box) == ("SUMMEP SALE", (10.0, 0.0, 90.0, 35.0))
    assert (second.found, second.state) == ("50%", State.READ)


def test_a_text_that_is_quoted_twice_has_to_stand_there_twice() -> None:
    once = judge(["GO", "GO"], lines("GO"))
    assert [one.state for one in once] == [State.READ, State.MISSING]
    twice = judge(["GO", "GO"], lines("GO", "GO"))
    assert [one.state for one in twice] == [State.READ, State.READ]
    # What fits exactly goes first, whatever the order of the prompt.
    mixed = judge(["SALE TODAY", "SALE TODAX"], lines("SALE TODAX"))
    assert [one.state for one in mixed] == [State.MISSING, State.READ]


def test_boxes_of_a_row_are_read_from_the_left() -> None:
    right = Line(text="right", score=1.0, box=(50, 10, 90, 30))
    left = Line(text="left", score=1.0, box=(10, 14, 40, 28))
    below = Line(text="below", score=1.0, box=(0, 40, 20, 60))
    ordered = in_reading_order([below, right, left])
    assert [one.text for one in ordered] == ["left", "right", "below"]


def test_letters_are_what_counts() -> None:
    assert letters(" Don't STOP! ") == "dontstop"
    assert letters("…") == letters("...")


def test_a_page_full_of_text_takes_no_time() -> None:
    page = lines(*["lorem ipsum dolor sit amet consectetur"] * 200)
    verdicts = judge(["dolor sit amet", "nothing like it anywhere"] * 5, page)
    assert [one.state for one in verdicts[::2]] == [State.READ] * 5


# ------------------------------------------------------------------------ the process


@asynccontextmanager
async def desk(**options: float) -> AsyncIterator[ReadingDesk]:
    one = ReadingDesk(command=(sys.executable, "-c", READER), **{"seconds": 60.0, **options})
    try:
        yield one
    finally:
        await one.close()
        assert not one.running


async def read(one: ReadingDesk, text: str) -> str:
    async def content() -> bytes:
        return text.encode()

    (line,) = await one.lines(f"aa/{text}", content)
    return line.text


def test_one_process_reads_all_pictures() -> None:
    async def check() -> None:
        async with desk() as one:
            assert not one.running
            found = await asyncio.gather(*(read(one, str(number)) for number in range(5)))
            assert found == ["0", "1", "2", "3", "4"]
            assert one.running

    anyio.run(check)


def test_it_ends_when_nobody_asks() -> None:
    async def check() -> None:
        async with desk(idle_seconds=0.2) as one:
            await read(one, "a")
            with anyio.fail_after(60):
                while one.running:
                    await anyio.sleep(0.02)
            assert await read(one, "b") == "b"

    anyio.run(check)


@pytest.mark.parametrize("trouble", ["die", "sleep"])
def test_a_reader_that_breaks_is_started_anew(trouble: str) -> None:
    async def check() -> None:
        async with desk(seconds=60.0 if trouble == "die" else 3.0) as one:
            with pytest.raises(UnavailableError, match="in time"):
                await read(one, trouble)
            assert not one.running
        async with desk() as one:
            assert await read(one, "a") == "a"

    anyio.run(check)


def test_a_picture_that_cannot_be_read_is_told() -> None:
    async def check() -> None:
        async with desk() as one:
            with pytest.raises(GlmImageError, match="no picture"):
                await read(one, "wrong")
            assert await read(one, "a") == "a"

    anyio.run(check)


def test_whoever_leaves_disturbs_nobody() -> None:
    async def check() -> None:
        async with desk() as one:
            await read(one, "first")
            leaving = asyncio.create_task(read(one, "sleep"))
            await asyncio.sleep(0.3)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            assert await read(one, "after") == "after"

    anyio.run(check)
