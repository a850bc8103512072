"""What the service and its workers say to each other arrives as it was said."""

import asyncio
import io
import struct
import time
from typing import Any

import pytest
from asking import drawing
from fake import CARD
from hypothesis import given
from hypothesis import strategies as st

from glm_image.serving.records import Failure
from glm_image.serving.worker import protocol
from glm_image.serving.worker.outbox import Outbox
from glm_image.serving.worker.protocol import (
    Beat,
    Cancel,
    Codes,
    Done,
    Error,
    Frame,
    Hello,
    Load,
    Preview,
    ProtocolError,
    Result,
    Step,
    Stop,
    Submit,
    Token,
    Tokens,
    encode,
    read,
)

FAILURE = Failure(code="1230", kind="X", message="所以", field="prompt", hint="…", retryable=True)
WORDS = [
    Load(name="glm-image", source="/models/a b", certificate=None),
    Submit(
        job_id="job_1",
        created=1.5,
        drawing=drawing('你好 \u2028 "quoted"', seeds=(2**64 - 1, 0), layout_seeds=(1, 1)),
        sources=(b"\x89PNG\r\n", b""),
        mask=b"mask",
        codes=(None, b"\0\1\2"),
    ),
    Cancel(),
    Stop(),
    Hello(card=CARD, device="cpu"),
    Beat(orders=1, memory=2, device_memory=3),
    Token(done=1, total=2),
    Codes(index=1, start=3, rows=2, columns=4, codes=(7, 16383)),
    Tokens(index=0, codes=bytes(range(256))),
    Step(done=1, total=2),
    Preview(index=1, number=0, mime="image/webp", image=b"RIFF"),
    Result(index=0, width=1, height=2, mime="image/png", image=b"x" * 100_000),
    Done(seconds=("decoder=1.5",)),
    Error(failure=FAILURE),
]


@pytest.mark.parametrize("word", WORDS, ids=lambda word: type(word).__name__)
def test_every_word_arrives(word: Any) -> None:
    frame = Frame(order=7, word=word)
    assert read(io.BytesIO(encode(frame))) == frame


def test_the_list_of_words_is_complete() -> None:
    assert {type(word) for word in WORDS} == set(protocol._KINDS.values())


def test_frames_follow_each_other() -> None:
    stream = io.BytesIO(b"".join(encode(Frame(word=word)) for word in WORDS))
    said = []
    while (frame := read(stream)) is not None:
        said.append(frame.word)
    assert said == WORDS


def test_frames_arrive_through_a_pipe_in_pieces() -> None:
    async def listen() -> list[Any]:
        stream = asyncio.StreamReader()
        data = b"".join(encode(Frame(word=word)) for word in WORDS)
        for start in range(0, len(data), 1000):
            stream.feed_data(data[start : start + 1000])
        stream.feed_data(encode(Frame(word=Stop()))[:-3])
        stream.feed_eof()
        heard = []
        while (frame := await protocol.receive(stream)) is not None:
            heard.append(frame.word)
        return heard

    assert asyncio.run(listen()) == WORDS


@given(st.binary(max_size=300))
def test_nonsense_is_refused(data: bytes) -> None:
    try:
        frame = read(io.BytesIO(data))
    except ProtocolError:
        return
    assert frame is None
    assert data == b""


@given(st.data())
def test_damaged_frames_are_refused_or_read(data: st.DataObject) -> None:
    whole = bytearray(encode(Frame(order=1, word=WORDS[1])))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        read(io.BytesIO(bytes(whole)))
    except ProtocolError as error:
        assert error.field == "frame"


@pytest.mark.parametrize(
    ("head", "payload", "message"),
    [
        (b'{"kind":"token","order":0,"fields":{"done":1},"parts":[]}', b"", "missing field"),
        (b'{"kind":"sing","order":0,"fields":{},"parts":[]}', b"", "sing"),
        (b'{"kind":"stop","order":0,"fields":{},"parts":[5]}', b"", "5 are announced"),
        (b'{"kind":"stop","order":0,"fields":{},"parts":[]}', b"more", "4 bytes"),
        (b"not json", b"", "cannot be read"),
    ],
)
def test_what_does_not_fit_is_named(head: bytes, payload: bytes, message: str) -> None:
    data = struct.pack(">I", len(head)) + head + struct.pack(">Q", len(payload)) + payload
    with pytest.raises(ProtocolError, match=message):
        read(io.BytesIO(data))


def test_lengths_are_bounded() -> None:
    with pytest.raises(ProtocolError, match="at most"):
        read(io.BytesIO(struct.pack(">I", 2**31)))
    head = b'{"kind":"stop","order":0,"fields":{},"parts":[]}'
    with pytest.raises(ProtocolError, match="at most"):
        read(io.BytesIO(struct.pack(">I", len(head)) + head + struct.pack(">Q", 2**40)))


class _Slow(io.BytesIO):
    """A pipe that takes nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = __import__("threading").Event()

    def write(self, data: Any) -> int:
        self.opened.wait(10)
        return super().write(data)


def test_a_slow_reader_gets_the_latest_progress_and_all_results() -> None:
    pipe = _Slow()
    outbox = Outbox(pipe)
    outbox.put(Frame(word=Hello(card=CARD, device="cpu")))
    for done in range(1000):
        outbox.put(Frame(order=1, word=Token(done=done, total=1000)))
        outbox.put(Frame(order=2, word=Step(done=done, total=1000)))
        outbox.put(Frame(order=1, word=Preview(index=0, number=done, mime="image/png", image=b"p")))
    outbox.put(Frame(order=1, word=WORDS[-2]))
    outbox.put(Frame(order=2, word=WORDS[-1]))
    pipe.opened.set()
    outbox.close(10)
    pipe.seek(0)
    said = []
    while (frame := read(pipe)) is not None:
        said.append(frame)
    tokens = [one.word for one in said if isinstance(one.word, Token)]
    assert tokens[-1] == Token(done=999, total=1000)
    assert len(tokens) <= 2
    assert sum(isinstance(one.word, Preview) for one in said) <= 9
    assert [one.word for one in said[-2:]] == WORDS[-2:]


def test_progress_goes_out_now_and_then_and_before_what_follows_it() -> None:
    pipe = io.BytesIO()
    outbox = Outbox(pipe)
    for done in range(200):
        outbox.put(Frame(order=1, word=Token(done=done, total=200)))
        time.sleep(0.001)
    outbox.put(Frame(order=1, word=Tokens(index=0, codes=b"12")))
    outbox.put(Frame(order=1, word=Step(done=1, total=2)))
    outbox.close(10)
    pipe.seek(0)
    said = []
    while (frame := read(pipe)) is not None:
        said.append(frame.word)
    assert said[-3:] == [
        Token(done=199, total=200),
        Tokens(index=0, codes=b"12"),
        Step(done=1, total=2),
    ]
    assert len(said) < 20
