"""Judges behind a real server on this machine: requests, failures, repetitions, memory."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from glm_image.errors import InputError, ToolError
from glm_image.evaluation.judges.base import Request, ask_each, ask_together, yes_or_no
from glm_image.evaluation.judges.cache import CachedJudge, picture_digest
from glm_image.evaluation.judges.openai import RETRIES, Endpoint, OpenAiJudge
from glm_image.evaluation.readers.vision import VisionReader
from glm_image.evaluation.tools import ToolChoice
from judge_server import DROP, Server, says, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def image() -> Image.Image:
    return Image.new("RGB", (8, 6), (200, 10, 10))


def judge_of(server: Server) -> OpenAiJudge:
    return OpenAiJudge(Endpoint(url=server.url, model="tiny-vl", timeout=5, pause=0.001))


def test_a_request_holds_the_picture_and_the_question(
    server: Server, image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    server.script = [says(" Yes. ")]
    request = Request(text="Is it red?", system="A critic.", most_tokens=5)
    assert judge_of(server).answer(image, request) == "Yes."
    (seen,) = server.seen
    assert seen["path"] == "/v1/chat/completions"
    assert (seen["model"], seen["temperature"], seen["max_tokens"]) == ("tiny-vl", 0, 5)
    system, user = seen["messages"]
    assert system == {"role": "system", "content": "A critic."}
    picture, text = user["content"]
    assert text == {"type": "text", "text": "Is it red?"}
    data = base64.b64decode(picture["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert Image.open(io.BytesIO(data)).getpixel((3, 3)) == (200, 10, 10)
    assert server.headers[0]["Authorization"] == "Bearer secret"


def test_no_key_is_sent_where_none_is_set(
    server: Server, image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server.script = [says("No")]
    judge_of(server).answer(image, Request(text="?"))
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    "failure", [(500, "oops"), (429, "busy"), (200, "not json"), (200, "{}"), says("  "), (0, DROP)]
)
def test_what_may_pass_is_tried_again(
    server: Server, image: Image.Image, failure: tuple[int, str]
) -> None:
    server.script = [failure, failure, says("Yes")]
    assert judge_of(server).answer(image, Request(text="?")) == "Yes"
    assert len(server.seen) == 3


def test_after_three_repetitions_there_is_no_answer(server: Server, image: Image.Image) -> None:
    server.script = [(503, "down")]
    with pytest.raises(ToolError, match="503"):
        judge_of(server).answer(image, Request(text="?"))
    assert len(server.seen) == RETRIES + 1


def test_a_refusal_is_not_repeated(server: Server, image: Image.Image) -> None:
    server.script = [(401, "wrong key")]
    with pytest.raises(ToolError, match="wrong key"):
        judge_of(server).answer(image, Request(text="?"))
    assert len(server.seen) == 1


def test_nobody_there(server: Server, image: Image.Image) -> None:
    endpoint = Endpoint(url="http://127.0.0.1:9/v1", model="m", timeout=2, pause=0.001)
    with pytest.raises(ToolError):
        OpenAiJudge(endpoint).answer(image, Request(text="?"))


def test_endpoints_are_checked() -> None:
    with pytest.raises(InputError, match="no address"):
        Endpoint(url="localhost:8000", model="m")
    with pytest.raises(InputError, match="no model"):
        Endpoint(url="http://localhost", model="")


def test_answers_are_kept(server: Server, image: Image.Image, tmp_path: Path) -> None:
    server.script = [says("Yes"), says("No")]
    judge = CachedJudge(judge_of(server), tmp_path)
    first, second = Request(text="Is it red?"), Request(text="Is it blue?")
    assert [judge.answer(image, one) for one in (first, second, first, second)] == [
        "Yes", "No", "Yes", "No",
    ]  # fmt: skip
    again = CachedJudge(judge_of(server), tmp_path)
    assert again.answer(image.copy(), first) == "Yes"
    assert len(server.seen) == 2


def test_other_pictures_models_and_wordings_are_asked_anew(
    server: Server, image: Image.Image, tmp_path: Path
) -> None:
    server.script = [says("Yes")]
    judge = CachedJudge(judge_of(server), tmp_path)
    judge.answer(image, Request(text="?"))
    judge.answer(image.transpose(Image.Transpose.ROTATE_90), Request(text="?"))
    judge.answer(image, Request(text="?", system="A critic."))
    other = OpenAiJudge(Endpoint(url=server.url, model="other"))
    CachedJudge(other, tmp_path).answer(image, Request(text="?"))
    assert len(server.seen) == 4


def test_failures_are_not_kept(server: Server, image: Image.Image, tmp_path: Path) -> None:
    judge = CachedJudge(judge_of(server), tmp_path)
    server.script = [(400, "bad")]
    with pytest.raises(ToolError):
        judge.answer(image, Request(text="?"))
    server.script = [says("Yes")]
    assert judge.answer(image, Request(text="?")) == "Yes"


def test_the_digest_is_of_pixels(image: Image.Image) -> None:
    assert picture_digest(image) == picture_digest(image.convert("RGBA"))
    assert picture_digest(image) != picture_digest(image.resize((6, 8)))


@pytest.mark.parametrize(
    ("answer", "yes"),
    [("Yes", True), ("no.", False), ("**Yes**, it is", True), ("1. No", False), (" YES", True)],
)
def test_yes_and_no(answer: str, yes: bool) -> None:
    assert yes_or_no(answer) is yes


@pytest.mark.parametrize("answer", ["", "Perhaps", "Nothing", "The answer is yes"])
def test_neither_yes_nor_no(answer: str) -> None:
    with pytest.raises(ToolError):
        yes_or_no(answer)


def test_questions_one_by_one(server: Server, image: Image.Image) -> None:
    server.script = [says("Yes"), says("No")]
    assert ask_each(judge_of(server), image, ["Red?", "Blue?"]) == [True, False]


def test_a_wrong_number_of_lines_gets_another_wording(server: Server, image: Image.Image) -> None:
    server.script = [says("Yes"), says("1. Yes\n\n2. No, grey")]
    forms = [Request(text="A {questions}"), Request(text="B {questions}")]
    assert ask_together(judge_of(server), image, ["Red?", "Blue?"], forms) == [True, False]
    texts = [seen["messages"][-1]["content"][1]["text"] for seen in server.seen]
    assert texts == ["A 1. Red?\n2. Blue?", "B 1. Red?\n2. Blue?"]


def test_no_wording_helps(server: Server, image: Image.Image) -> None:
    server.script = [says("Well")]
    with pytest.raises(ToolError, match="2 questions"):
        ask_together(judge_of(server), image, ["a", "b"], [Request(text="{questions}")])


def test_a_vision_model_reads(server: Server, image: Image.Image) -> None:
    server.script = [says("OPEN\n\n 9 to 5 "), says("No text.")]
    reader = VisionReader(judge_of(server))
    assert (reader.name, reader.version) == ("vision", "tiny-vl")
    assert reader.read(image) == ["OPEN", "9 to 5"]
    assert reader.read(image) == []


def test_choices_of_tools(server: Server, image: Image.Image, tmp_path: Path) -> None:
    server.script = [says("Yes")]
    endpoint = Endpoint(url=server.url, model="tiny-vl")
    tools = ToolChoice(reader="vision", judge=endpoint, cache=tmp_path).build()
    assert tools.reader is not None and tools.judge is not None
    assert tools.reader.read(image) == ["Yes"]
    assert ToolChoice(reader="none").build().reader is None
    with pytest.raises(InputError, match="unknown"):
        ToolChoice(reader="rapidorc")
    with pytest.raises(InputError, match="endpoint"):
        ToolChoice(reader="vision").build()
