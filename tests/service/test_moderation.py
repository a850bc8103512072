"""Who looks at words and pictures, and what happens if nobody answers."""

import asyncio
import sys
import time
from collections.abc import Sequence
from types import ModuleType

import pytest

from glm_image.errors import ConfigError
from glm_image.serving import metrics
from glm_image.serving.errors import Flag, PolicyError, UnavailableError
from glm_image.serving.moderation import Content, Kind, Moderator, allow
from glm_image.serving.settings import ModerationSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def forbid(content: Content) -> Sequence[Flag]:
    return [Flag(role=content.kind.role, level=0)] if "forbidden" in content.text else []


async def forbid_slowly(content: Content) -> Sequence[Flag]:
    await asyncio.sleep(0.01)
    return forbid(content)


def break_down(content: Content) -> Sequence[Flag]:
    raise RuntimeError("no network")


def sleep(content: Content) -> Sequence[Flag]:
    time.sleep(0.5)
    return []


@pytest.mark.parametrize(("role", "level"), [("user", 4), ("user", -1), ("stranger", 0)])
async def test_a_finding_that_there_is_not_is_no_verdict(role: str, level: int) -> None:
    def invent(content: Content) -> Sequence[Flag]:
        return [Flag(role=role, level=level)]

    with pytest.raises(UnavailableError):
        await Moderator(invent).check_prompt("a cat")


@pytest.mark.parametrize("hook", [forbid, forbid_slowly])
async def test_a_hook_decides(hook: object) -> None:
    moderator = Moderator(hook)  # type: ignore[arg-type]
    await moderator.check_prompt("a cat")
    with pytest.raises(PolicyError) as refused:
        await moderator.check_prompt("something forbidden")
    assert refused.value.flags == (Flag(role="user", level=0),)
    assert (refused.value.code, refused.value.field) == ("1301", "prompt")
    assert "something" not in str(refused.value)


async def test_without_a_hook_everything_passes() -> None:
    moderator = Moderator.from_settings(ModerationSettings())
    await moderator.check_prompt("forbidden")
    await moderator.check_source(b"picture")
    await moderator.check_picture(b"picture")
    assert allow(Content(kind=Kind.PROMPT)) == ()


@pytest.mark.parametrize("hook", [break_down, sleep])
async def test_no_verdict_is_closed_or_open(hook: object) -> None:
    closed = Moderator(hook, seconds=0.1)  # type: ignore[arg-type]
    with pytest.raises(UnavailableError) as refused:
        await closed.check_prompt("a")
    assert refused.value.field == "moderation"
    await Moderator(hook, seconds=0.1, fail_open=True).check_picture(b"a")  # type: ignore[arg-type]


async def test_a_hook_sees_what_it_judges() -> None:
    seen: list[Content] = []

    def look(content: Content) -> Sequence[Flag]:
        seen.append(content)
        return []

    moderator = Moderator(look)
    await moderator.check_prompt("words")
    await moderator.check_source(b"in")
    await moderator.check_picture(b"out")
    assert [(one.kind, one.text, one.image) for one in seen] == [
        (Kind.PROMPT, "words", b""),
        (Kind.SOURCE, "", b"in"),
        (Kind.PICTURE, "", b"out"),
    ]
    assert Kind.PICTURE.role == "assistant"


async def test_verdicts_are_counted() -> None:
    def count() -> float:
        name = "glm_image_moderation_total"
        labels = {"what": "prompt", "verdict": "refused"}
        return metrics.REGISTRY.get_sample_value(name, labels) or 0.0

    before = count()
    with pytest.raises(PolicyError):
        await Moderator(forbid).check_prompt("forbidden")
    assert count() == before + 1


def test_a_hook_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("house_rules")
    vars(module).update(check=forbid, number=3)
    monkeypatch.setitem(sys.modules, "house_rules", module)
    Moderator.from_settings(ModerationSettings(hook="house_rules:check"))
    for wrong in ("house_rules:other", "house_rules:number", "no_such_module:check"):
        with pytest.raises(ConfigError) as refused:
            Moderator.from_settings(ModerationSettings(hook=wrong))
        assert refused.value.field == "moderation.hook"
