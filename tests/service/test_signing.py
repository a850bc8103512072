"""Links that authorise themselves: nobody changes, prolongs or makes one."""

import statistics
import time
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from storing import BLOB, Clock

from glm_image.errors import ConfigError, InputError
from glm_image.serving.errors import ForbiddenError
from glm_image.serving.signing import MOST_SECRETS, Grant, Signer

OTHER = BLOB.replace("ab", "cd")


@pytest.fixture
def signer(tmp_path: Path, clock: Clock) -> Signer:
    return Signer.open(tmp_path / "signing.json", clock=clock)


def link(
    signer: Signer, clock: Clock, name: str | None = None, seconds: float = 60
) -> dict[str, str]:
    return dict(parse_qsl(signer.sign(BLOB, expires=clock.now + seconds, name=name)))


@pytest.mark.parametrize("name", [None, "a b.png", "图 & 画=1.png", 'x"; y.png'])
def test_a_link_is_good_until_it_ends(signer: Signer, clock: Clock, name: str | None) -> None:
    query = link(signer, clock, name)
    assert signer.verify(BLOB, query) == Grant(key=BLOB, name=name, expires=int(query["exp"]))
    clock.go(61)
    with pytest.raises(ForbiddenError, match="ended"):
        signer.verify(BLOB, query)


def test_a_changed_link_is_refused(signer: Signer, clock: Clock, tmp_path: Path) -> None:
    query = link(signer, clock, "a.png")
    changed = [
        {**query, "exp": str(int(query["exp"]) + 1)},
        {**query, "exp": query["exp"] + " "},
        {**query, "exp": "0" + query["exp"]},
        {**query, "exp": "-1"},
        {**query, "exp": "٣"},
        {**query, "name": "b.png"},
        {**query, "kid": "00000000"},
        {**query, "kid": ""},
        {**query, "sig": query["sig"][:-1]},
        {**query, "sig": "\ud800é"},
        {**query, "sig": ""},
        {},
        *({key: value for key, value in query.items() if key != left} for left in query),
    ]
    for one in changed:
        with pytest.raises(ForbiddenError, match="not made by this service"):
            signer.verify(BLOB, one)
    with pytest.raises(ForbiddenError):
        signer.verify(OTHER, query)
    stranger = Signer.open(tmp_path / "other.json", clock=clock)
    with pytest.raises(ForbiddenError):
        stranger.verify(BLOB, query)
    signer.verify(BLOB, query)


def test_names_do_not_slip_into_other_fields(signer: Signer, clock: Clock) -> None:
    """What is signed has lengths, so a name cannot stand for a key and a time."""
    query = link(signer, clock, '", "x')
    assert signer.verify(BLOB, query).name == '", "x'
    with pytest.raises(ForbiddenError):
        signer.verify(BLOB + '", "', {**query, "name": "x"})


def test_old_links_outlive_their_secret(signer: Signer, clock: Clock, tmp_path: Path) -> None:
    first = link(signer, clock)
    other = Signer.open(tmp_path / "signing.json", clock=clock)
    signer.rotate()
    second = link(signer, clock)
    assert first["kid"] != second["kid"]
    for one in (signer, other, Signer.open(tmp_path / "signing.json", clock=clock)):
        one.verify(BLOB, first)
        one.verify(BLOB, second)
    for _ in range(MOST_SECRETS - 1):
        signer.rotate()
    signer.verify(BLOB, second)
    with pytest.raises(ForbiddenError):
        signer.verify(BLOB, first)


def test_secrets_are_private(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    signer.rotate()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["signing.json"]
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        Signer.open(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"a": "b"}', '{"a": 1}', "x"])
def test_damaged_secrets_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "signing.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="holds no secrets"):
        Signer.open(path)


def test_what_cannot_be_signed(signer: Signer) -> None:
    for expires in (-1.0, 1e12, float("nan"), float("inf")):
        with pytest.raises(InputError, match="expires"):
            signer.sign(BLOB, expires=expires)
    for name in ("", " ", "a\x00", "a\r\nb", "a\x1b", "a\u2028b", "x" * 129):
        with pytest.raises(InputError, match="name"):
            signer.sign(BLOB, expires=1.0, name=name)


def test_the_time_tells_nothing_about_a_signature(signer: Signer, clock: Clock) -> None:
    query = link(signer, clock)
    wrong = [
        {**query, "sig": query["sig"][:-1] + "_"},
        {**query, "sig": "_" * len(query["sig"])},
        {**query, "kid": "00000000"},
    ]

    def seconds(one: dict[str, str]) -> float:
        begun = time.perf_counter()
        with pytest.raises(ForbiddenError):
            signer.verify(BLOB, one)
        return time.perf_counter() - begun

    rounds = [[seconds(one) for one in wrong] for _ in range(500)]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    assert max(medians) < 1.5 * min(medians)
