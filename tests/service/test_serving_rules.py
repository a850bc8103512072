"""The small rules: sizes, qualities, planning, errors, origins, numbers in headers."""

import pytest
from fake import CARD
from hypothesis import given
from hypothesis import strategies as st

from glm_image.errors import CancelledError, CapacityError, InputError, NotFoundError
from glm_image.serving.error_responses import field_name
from glm_image.serving.error_table import ROWS, JobFailed, answer, envelope
from glm_image.serving.errors import (
    BusyError,
    Code,
    ConflictError,
    DeadlineError,
    Flag,
    PolicyError,
    RequestError,
    TooLargeError,
    UnavailableError,
)
from glm_image.serving.faces import Face
from glm_image.serving.file_answers import disposition
from glm_image.serving.library import Role
from glm_image.serving.middleware.observed import route_of
from glm_image.serving.middleware.origin import allowed_names, host_name
from glm_image.serving.planner import Plan, RulePlanner, Said
from glm_image.serving.records import Failure
from glm_image.serving.settings import Settings
from glm_image.serving.sizes import PictureSize, like, nearest, read_size
from glm_image.serving.uploading import clean_name

sides = st.integers(1, 20_000)


@pytest.mark.parametrize("text", ["64x96", "64X96", "64*96", "64×96", " 64 x 96 "])
def test_sizes_are_read_in_all_spellings(text: str) -> None:
    assert read_size(text, CARD, source=None) == PictureSize(width=64, height=96)


@pytest.mark.parametrize("text", [None, "auto", "AUTO"])
def test_no_size_is_the_usual_one_or_that_of_the_source(text: str | None) -> None:
    assert str(read_size(text, CARD, source=None)) == "64x64"
    assert str(read_size(text, CARD, source=PictureSize(width=100, height=200))) == "96x192"


@given(sides, sides)
def test_the_nearest_size_is_drawn(width: int, height: int) -> None:
    for found in (
        nearest(PictureSize(width=width, height=height), CARD),
        like(PictureSize(width=width, height=height), CARD),
    ):
        assert read_size(str(found), CARD, source=None) == found


async def plan(*turns: Said) -> Plan:
    return await RulePlanner().plan(turns)


def user(text: str, *pictures: str) -> Said:
    return Said(role=Role.USER, text=text, pictures=pictures)


def assistant(*pictures: str) -> Said:
    return Said(role=Role.ASSISTANT, text="", pictures=pictures)


@pytest.mark.parametrize(
    ("turns", "prompt", "pictures"),
    [
        ([user("a cat")], "a cat", ()),
        ([user("bluer", "p", "q")], "bluer", ("p", "q")),
        ([user("a cat"), assistant("p", "q"), user("bluer")], "bluer", ("q",)),
        ([user("look", "p"), user("bluer")], "bluer", ("p",)),
        ([user("a cat"), assistant("p"), user("/new a dog")], "a dog", ()),
        ([user("a cat"), assistant("p"), user("Draw me a new picture of a dog")], "a dog", ()),
        ([user("猫"), assistant("p"), user("重新画：狗")], "狗", ()),
        ([user("a cat"), assistant("p"), user("newer")], "newer", ("p",)),
        ([user("a cat"), assistant("p"), user("/new it", "q")], "it", ("q",)),
        ([user("a cat"), assistant(), user("bluer")], "bluer", ()),
    ],
)
@pytest.mark.anyio
async def test_what_a_turn_asks_for(
    turns: list[Said], prompt: str, pictures: tuple[str, ...]
) -> None:
    assert await plan(*turns) == Plan(prompt=prompt, pictures=pictures)


@pytest.mark.parametrize("turns", [[], [assistant("p")], [user(" ")], [user("/new")]])
@pytest.mark.anyio
async def test_turns_that_ask_for_nothing(turns: list[Said]) -> None:
    with pytest.raises(RequestError):
        await plan(*turns)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


FAILED = JobFailed("job_1", Failure(code="1214", kind="InputError", message="bad", field="size"))


@pytest.mark.parametrize(
    ("error", "openai", "bigmodel", "again"),
    [
        (InputError("x"), (400, "invalid_value"), (400, "1214"), None),
        (NotFoundError("x"), (404, "not_found"), (404, "1214"), None),
        (ConflictError("x"), (422, "idempotency_conflict"), (400, "1231"), None),
        (TooLargeError("x"), (413, "invalid_value"), (413, "1214"), None),
        (CancelledError("x"), (409, "processing_error"), (409, "1230"), "false"),
        (CapacityError("x"), (503, "processing_error"), (503, "1230"), "false"),
        (UnavailableError("x"), (503, "processing_error"), (503, "1230"), "true"),
        (
            UnavailableError("x", retry_after=None),
            (503, "processing_error"),
            (503, "1230"),
            "false",
        ),
        (DeadlineError("job_1", 1), (504, "processing_error"), (504, "1230"), "false"),
        (BusyError("x", code=Code.FREQUENCY), (429, "rate_limit_exceeded"), (429, "1303"), "true"),
        (BusyError("x", code=Code.DAILY_CAP), (429, "daily_cap_exceeded"), (429, "1304"), "false"),
        (FAILED, (400, "invalid_value"), (400, "1214"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_in_the_words_of_each_face(
    error: InputError, openai: tuple[int, str], bigmodel: tuple[int, str], again: str | None
) -> None:
    for face, (status, code) in ((Face.OPENAI, openai), (Face.BIGMODEL, bigmodel)):
        found = answer(error, face=face, request_id="req_1")
        assert (found.status, found.body["error"]["code"]) == (status, code)
        assert found.body["request_id"] == "req_1"
        assert found.headers.get("x-should-retry") == again


def test_moderation_speaks_both_languages() -> None:
    error = PolicyError("not allowed", flags=[Flag(role="history", level=0)])
    body = envelope(error, face=Face.OPENAI, request_id="r")
    assert body["contentFilter"] == [{"role": "history", "level": 0}]
    assert body["error"]["type"] == "image_generation_user_error"
    assert body["error"]["code"] == "moderation_blocked"
    assert body["error"]["moderation_details"]["moderation_stage"] == "input"


def test_every_number_has_a_row() -> None:
    assert set(ROWS) == set(Code)


@pytest.mark.parametrize(
    ("path", "face"),
    [
        ("/v1/images", Face.OPENAI),
        ("/v1", Face.OPENAI),
        ("/v10/images", Face.NATIVE),
        ("/paas/v4/files", Face.BIGMODEL),
        ("/api/paas/v4/files", Face.BIGMODEL),
        ("/api/jobs", Face.NATIVE),
    ],
)
def test_faces_of_paths(path: str, face: Face) -> None:
    assert Face.of_path(path) is face


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (("body", "n"), "n"),
        (
            ("body", "messages", 0, "content", "list[ContentPart]", 1, "type"),
            "messages.0.content.1.type",
        ),
        (("body", "seed", "constrained-int"), "seed"),
        (("body", "image", "PictureReference", "url"), "image.url"),
        (("header", "Last-Event-ID"), "header"),
        (("body",), "body"),
    ],
)
def test_fields_are_named_without_types(place: tuple[int | str, ...], name: str) -> None:
    assert field_name(place) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST.:80", "localhost"),
        ("[::1]:8000", "::1"),
        ("a:b", None),
        ("a@b", None),
        ("", None),
        ("[::1", None),
    ],
)
def test_names_of_hosts(header: str, name: str | None) -> None:
    assert host_name(header) == name


def test_which_names_are_answered() -> None:
    alone = allowed_names(Settings(hosts=("A.example",), public_url="https://b.example/x"))
    assert alone is not None
    assert alone >= {"localhost", "127.0.0.1", "::1", "a.example", "b.example"}
    assert allowed_names(Settings(host="0.0.0.0")) is None
    assert allowed_names(Settings(host="0.0.0.0", hosts=("a.example",))) is not None


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("a.png", "a.png"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\x\r\nSet-Cookie: a", "x__Set-Cookie_ a"),
        ('a"b<c>.png', "a_b_c_.png"),
        ("...", ""),
        ("猫.png", "猫.png"),
    ],
)
def test_names_of_uploads_are_harmless(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


def test_any_name_stands_in_a_header() -> None:
    header = disposition('猫 "x"\r\n.png', inline=True)
    assert header.startswith('inline; filename="_ _x___.png"; filename*=UTF-8')
    header.encode("latin-1")
    assert "\n" not in header
    assert disposition(None, inline=False) == "attachment"


@pytest.mark.parametrize(
    ("path", "names", "route"),
    [
        ("/api/jobs", {}, "/api/jobs"),
        ("/api/jobs/a", {"job_id": "a"}, "/api/jobs/{job_id}"),
        ("/api/jobs/jobs/retry", {"job_id": "jobs"}, "/api/jobs/{job_id}/retry"),
        ("/v1/models/v1/models", {"name": "v1/models"}, "/v1/models/{name}"),
        ("/files/ab/cd.png", {"key": "ab/cd.png"}, "/files/{key}"),
        ("/api/jobs/a", {"job_id": "b"}, "unknown"),
    ],
)
def test_figures_name_routes_and_no_ids(path: str, names: dict[str, str], route: str) -> None:
    assert route_of({"path": path, "path_params": names, "route": object()}) == route
    assert route_of({"path": path}) == "unknown"
