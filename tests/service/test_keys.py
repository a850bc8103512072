"""Keys: shown once, kept as a hash, replaced, taken back; and the command that does it."""

import json
import statistics
import threading
import time
from pathlib import Path

import pytest
from storing import Clock

from glm_image.cli.main import main
from glm_image.errors import ConfigError, InputError, NotFoundError
from glm_image.serving.accounts import KeyLimits, Scope, Standing
from glm_image.serving.secret_file import read_secret
from glm_image.serving.store import Store

Capture = pytest.CaptureFixture[str]


def test_a_key_is_good_until_it_is_taken_back(store: Store) -> None:
    assert not store.has_keys()
    limits = KeyLimits(concurrent=2, per_day=100)
    key, token = store.create_key("press office", [Scope.READ, Scope.GENERATE], limits)
    assert token.startswith(f"gi_{key.id}.")
    assert store.examine(token) == (Standing.GOOD, key)
    assert (key.limits, key.scopes) == (limits, (Scope.GENERATE, Scope.READ))
    assert key.may(Scope.READ)
    assert not key.may(Scope.ADMIN)
    assert store.has_keys()

    assert store.revoke(key.id).revoked is not None
    assert store.verify(token) is None
    assert store.examine(token)[0] is Standing.REVOKED
    assert store.has_keys()
    (known,) = store.keys()
    assert known.id == key.id
    with pytest.raises(InputError, match="revoked"):
        store.rotate_key(key.id)


def test_an_admin_may_everything(store: Store) -> None:
    key, _ = store.create_key("admin", [Scope.ADMIN])
    assert all(key.may(scope) for scope in Scope)


def test_a_key_ends_by_itself(store: Store, clock: Clock) -> None:
    _, token = store.create_key("short", [Scope.READ], expires=clock.now + 60)
    assert store.verify(token) is not None
    clock.go(61)
    assert store.verify(token) is None
    assert store.examine(token)[0] is Standing.EXPIRED
    assert store.has_keys()


def test_a_secret_is_replaced(store: Store, clock: Clock) -> None:
    key, first = store.create_key("name", [Scope.READ])
    same, second = store.rotate_key(key.id, overlap=60)
    assert same.id == key.id
    assert store.verify(first) is not None
    assert store.verify(second) is not None
    clock.go(61)
    assert store.verify(first) is None
    _, third = store.rotate_key(key.id)
    assert store.verify(second) is None
    assert store.verify(third) is not None


def test_the_last_use_is_noted_to_the_minute(store: Store, clock: Clock) -> None:
    _, token = store.create_key("name", [Scope.READ])
    store.verify(token)
    (first,) = store.keys()
    clock.go(30)
    store.verify(token)
    assert store.keys() == [first]
    clock.go(31)
    store.verify(token)
    assert (store.keys()[0].used or 0) > (first.used or 0) + 60


@pytest.mark.parametrize(
    "token",
    [
        "",
        "gi_",
        "gi_0123456789abcdef",
        "gi_0123456789abcdef.short",
        "sk-" + "x" * 48,
        "gi_0123456789abcdef." + "x" * 43 + "\n",
        "gi_0123456789abcdef." + "é" * 43,
        "gi_0123456789abcde\x00." + "x" * 43,
        "a.b.c",
    ],
)
def test_other_texts_are_no_tokens(store: Store, token: str) -> None:
    assert store.examine(token) == (Standing.MALFORMED, None)


def test_wrong_secrets_name_nobody(store: Store) -> None:
    key, token = store.create_key("name", [Scope.READ])
    store.revoke(key.id)
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert store.examine(other) == (Standing.UNKNOWN, None)
    assert store.examine("gi_0123456789abcdef." + "x" * 43) == (Standing.UNKNOWN, None)


def test_neither_database_nor_repr_hold_the_secret(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/service.db", pepper=tmp_path / "pepper")
    key, token = store.create_key("name", [Scope.READ])
    secret = token.partition(".")[2]
    assert secret not in repr(key)
    assert secret not in repr(store.keys())
    store.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in stored
    assert key.id.encode() in stored


def test_another_pepper_makes_keys_worthless(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/service.db"
    store = Store.open(url, pepper=tmp_path / "pepper")
    _, token = store.create_key("name", [Scope.READ])
    other = Store.open(url, pepper=tmp_path / "other")
    assert other.verify(token) is None
    assert store.verify(token) is not None
    store.close()
    other.close()


def test_the_time_tells_nothing_about_a_secret(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/service.db", pepper=tmp_path / "pepper")
    _, token = store.create_key("name", [Scope.READ])
    last = "A" if token[-1] != "A" else "B"
    start, secret = token.split(".")
    near = f"{start}.{secret[:-1]}{last}"
    far = f"{start}." + "x" * 43
    absent = f"gi_0123456789abcdef.{secret}"

    def seconds(wrong: str) -> float:
        begun = time.perf_counter()
        assert store.verify(wrong) is None
        return time.perf_counter() - begun

    # Taken in turns, so that whatever else the machine does meets all alike.
    rounds = [(seconds(near), seconds(far), seconds(absent)) for _ in range(300)]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    assert max(medians) < 1.5 * min(medians)
    store.close()


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [("", [Scope.READ], "name"), ("x" * 101, [Scope.READ], "name"), ("x", [], "scopes")],
)
def test_what_makes_no_key(store: Store, name: str, scopes: list[Scope], field: str) -> None:
    with pytest.raises(InputError, match=field):
        store.create_key(name, scopes)
    with pytest.raises(InputError, match="expires"):
        store.create_key("late", [Scope.READ], expires=1.0)
    for call in (store.revoke, store.rotate_key):
        with pytest.raises(NotFoundError, match="key"):
            call("nobody")


# ------------------------------------------------------------------------- secrets in files


def test_a_secret_is_made_once_by_many(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "pepper"
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(read_secret(path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["pepper"]


@pytest.mark.parametrize("content", ["", "zz" * 32, "00" * 31, "\xff"])
def test_damaged_secrets_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pepper"
    path.write_text(content, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="pepper holds no secret"):
        read_secret(path)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    read_secret(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600 pepper"):
        read_secret(path)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        read_secret(tmp_path / "file" / "pepper")


# ------------------------------------------------------------------------- the command


def keys(*arguments: str, folder: Path) -> int:
    return main(["keys", *arguments, "--data", str(folder)])


def test_the_command_makes_lists_and_takes_back(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "data"
    assert keys("list", folder=folder) == 0
    assert "no keys" in capsys.readouterr().err
    assert folder.stat().st_mode & 0o777 == 0o700

    assert keys("create", "press", "--per-day", "5", "--days", "3", folder=folder) == 0
    token = capsys.readouterr().out.strip()
    store = Store.open(f"sqlite:///{folder}/service.sqlite3", pepper=folder / "pepper")
    key = store.verify(token)
    assert key is not None
    assert (key.name, key.limits.per_day) == ("press", 5)
    assert key.scopes == (Scope.GENERATE, Scope.READ)
    assert key.expires == pytest.approx(time.time() + 3 * 86_400, abs=60)

    assert keys("rotate", key.id, "--json", folder=folder) == 0
    rotated = json.loads(capsys.readouterr().out)
    assert store.verify(token) is None
    assert store.verify(rotated["token"]) is not None

    assert keys("list", "--json", folder=folder) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["standing"]) == (key.id, "good")
    assert "token" not in listed

    assert keys("revoke", key.id, folder=folder) == 0
    assert store.verify(rotated["token"]) is None
    capsys.readouterr()
    assert keys("list", folder=folder) == 0
    line = capsys.readouterr().out
    assert "revoked" in line
    assert rotated["token"].partition(".")[2] not in line
    store.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "x", "--scope", "write"], "--scope: got 'write'"),
        (["create", "x", "--per-minute", "0"], "--per-minute: got 0"),
        (["create", "x", "--days", "-1"], "--days: it is in the past"),
        (["create", " "], "name: it is blank"),
        (["revoke", "nobody"], "there is no key 'nobody'"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, capsys: Capture, arguments: list[str], words: str
) -> None:
    assert keys(*arguments, folder=tmp_path / "data") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert "fix:" in said.err
