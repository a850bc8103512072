"""Files in a folder and in S3, on a disk that fills up, and what nobody needs any more."""

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from storing import Clock, claim, painted, submit

from glm_image.errors import InputError, NotFoundError
from glm_image.serving.blob_folder import BlobFolder
from glm_image.serving.blobs import Blobs
from glm_image.serving.errors import UnavailableError
from glm_image.serving.garbage import collect
from glm_image.serving.store import Policy, Store

PNG = "image/png"
STRANGE = ("", "../pepper", "/etc/passwd", "ab/../cd", "ab/\x00", "ab/" + "g" * 64 + ".png")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket behind a server on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(
            Bucket="pictures"
        )
        yield f"s3://pictures/some/where?endpoint={endpoint}&region=us-east-1"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """A place for files, once of each kind."""
    if request.param == "folder":
        return Blobs.open(str(tmp_path / "blobs"), low_water=0)
    blobs = Blobs.open(request.getfixturevalue("bucket"))
    for key in list(blobs.keys()):
        blobs.delete(key)
    return blobs


def test_a_file_comes_back_as_it_was(blobs: Blobs) -> None:
    data = os.urandom(300_000)
    key = blobs.put(data, PNG)
    assert key == blobs.put(data, PNG)
    assert list(blobs.keys()) == [key]
    assert blobs.get(key) == data
    assert b"".join(blobs.stream(key)) == data
    info = blobs.info(key)
    assert (info.bytes, info.mime) == (300_000, PNG)
    assert blobs.exists(key)
    assert not blobs.delete(key, older_than=60)
    assert blobs.delete(key)
    assert not blobs.exists(key)
    assert list(blobs.keys()) == []


def test_a_stream_comes_in_parts(blobs: Blobs) -> None:
    key = blobs.put(bytes(1_000_000), PNG)
    parts = list(blobs.stream(key, chunk=100_000))
    assert sum(map(len, parts)) == 1_000_000
    assert max(map(len, parts)) <= 1_000_000


@pytest.mark.parametrize(
    ("mime", "suffix", "read"),
    [
        ("image/png", ".png", "image/png"),
        ("image/jpeg", ".jpg", "image/jpeg"),
        ("image/webp", ".webp", "image/webp"),
        ("application/json", ".json", "application/json"),
        ("text/html", ".bin", "application/octet-stream"),
        ("", ".bin", "application/octet-stream"),
    ],
)
def test_names_tell_the_kind(tmp_path: Path, mime: str, suffix: str, read: str) -> None:
    blobs = Blobs.open((tmp_path / "blobs").as_uri())
    key = blobs.put(b"", mime)
    assert key.endswith(suffix)
    assert blobs.info(key).mime == read
    assert blobs.get(key) == b""


def test_what_is_not_there_is_said_so(blobs: Blobs) -> None:
    absent = "ab/" + "ab" * 32 + ".png"
    calls: tuple[Callable[[str], object], ...] = (blobs.get, blobs.info, blobs.stream)
    for key in (absent, *STRANGE):
        for call in calls:
            with pytest.raises(NotFoundError, match="no file"):
                call(key)
        assert not blobs.exists(key)
        assert not blobs.delete(key)


@pytest.mark.parametrize(
    "url",
    ["", "s3://", "http://host/path", "file://host/path", "s3://bucket/x?secret=1"],
)
def test_other_places_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="blobs"):
        Blobs.open(url)


def test_a_bucket_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    blobs = Blobs.open(f"s3://absent/?endpoint=http://{host}:{port}&region=us-east-1")
    with pytest.raises((UnavailableError, NotFoundError)):
        blobs.put(b"x", PNG)
    assert blobs.free() is None
    blobs.check_room()
    server.stop()


def test_many_store_the_same_at_once(tmp_path: Path) -> None:
    blobs = Blobs.open(str(tmp_path))
    threads = [threading.Thread(target=blobs.put, args=(bytes(100_000), PNG)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (key,) = blobs.keys()
    assert blobs.get(key) == bytes(100_000)
    assert list((tmp_path / ".unfinished").iterdir()) == []


def test_a_damaged_file_is_written_again(tmp_path: Path) -> None:
    blobs = Blobs.open(str(tmp_path))
    key = blobs.put(b"whole", PNG)
    (tmp_path / key).write_bytes(b"ha")
    assert blobs.put(b"whole", PNG) == key
    assert blobs.get(key) == b"whole"


def test_what_a_dead_process_left_is_swept(tmp_path: Path) -> None:
    BlobFolder(tmp_path)
    old, young = (tmp_path / ".unfinished" / name for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    BlobFolder(tmp_path)
    assert young.exists()
    assert not old.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    blobs = Blobs.open(str(tmp_path))

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), refuse)
        with pytest.raises(UnavailableError) as caught:
            blobs.put(b"data", PNG)
    assert (caught.value.retry_after is None) == (number != errno.EIO)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert blobs.get(blobs.put(b"data", PNG)) == b"data"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a disk")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk_refuses_and_recovers(small_disk: Path, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/service.db", pepper=tmp_path / "pepper")
    blobs = Blobs.open(str(small_disk), low_water=200_000)
    blobs.check_room()
    submit(store)
    held = claim(store)
    first = blobs.put(os.urandom(900_000), PNG)
    with pytest.raises(UnavailableError, match="new work needs") as refused:
        blobs.check_room()
    assert refused.value.retry_after is None
    with pytest.raises(UnavailableError, match="no room") as full:
        blobs.put(os.urandom(300_000), PNG)
    assert full.value.retry_after is None
    assert list(blobs.keys()) == [first]
    assert list((small_disk / ".unfinished").iterdir()) == []
    blobs.delete(first)
    blobs.check_room()
    key = blobs.put(os.urandom(300_000), PNG)
    assert store.finish(held, painted(held.job, key=key))
    store.close()


def test_what_nobody_refers_to_is_deleted(blobs: Blobs, tmp_path: Path, clock: Clock) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/service.db", pepper=tmp_path / "pepper", clock=clock)
    kept, thrown, source, _ = (blobs.put(bytes([n]), PNG) for n in range(4))
    for key in (kept, thrown):
        submit(store, sources=(source,))
        held = claim(store)
        store.finish(held, painted(held.job, key=key))
        if key == thrown:
            store.delete_picture(store.job(held.job.id, None).pictures[0].id, None)
    assert collect(store, blobs) == 0

    age = 2 * Policy().undo
    clock.go(age)
    older(blobs, age)
    assert collect(store, blobs) == 2
    assert set(blobs.keys()) == {kept, source}
    store.close()


def older(blobs: Blobs, seconds: float) -> None:
    """Let files seem to have been stored long ago."""
    real = blobs.info

    def info(key: str) -> object:
        found = real(key)
        return type(found)(bytes=found.bytes, mime=found.mime, modified=found.modified - seconds)

    vars(blobs)["info"] = info
