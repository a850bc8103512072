"""Links to files that authorise themselves, for a while.

A link carries when it ends, which secret signed it, the name under which the file is saved, and an
HMAC-SHA256 of all that with the file's key. Whoever fetches it needs no key of the service, which
is what clients that download results expect. Secrets are replaced from time to time; the older
ones stay good for the links that they signed.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from glm_image.errors import ConfigError, InputError
from glm_image.serving.errors import ForbiddenError
from glm_image.serving.records import BlobKey
from glm_image.serving.secret_file import make_privately, read_privately, write_privately
from glm_image.serving.store.database import Clock
from glm_image.serving.text import checked_line

MAX_NAME_CHARACTERS = 128
"""Longest name under which a file is saved."""

MOST_SECRETS = 8
"""Secrets that are kept; the oldest goes when another one comes."""

_MAX_TIME = 10**11
_TIME = re.compile(r"[0-9]{1,11}")
_SECRET = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a link allows.

    Args:
        key: The file.
        name: The name under which it is saved; None shows it.
        expires: When the link ends, in seconds since 1970.
    """

    key: BlobKey
    name: str | None
    expires: float


class Signer:
    """Signs links and checks them.

    Args:
        path: The file of the secrets.
        clock: Tells the present.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._secrets = _read(path)
        self._stamp = path.stat().st_mtime_ns

    @classmethod
    def open(cls, path: Path, *, clock: Clock = time.time) -> Self:
        """Open the secrets of a service; the first one is made if there is none.

        Args:
            path: Their file; nobody but its owner may read it.
            clock: Tells the present.

        Raises:
            ConfigError: The file cannot be used.
        """
        make_privately(path, _content({_name(): secrets.token_hex(32)}))
        return cls(path, clock)

    def sign(self, key: BlobKey, *, expires: float, name: str | None = None) -> str:
        """The query of a link to a file.

        Args:
            key: The file.
            expires: When the link ends, in seconds since 1970.
            name: The name under which it is saved; None shows it.

        Raises:
            InputError: The name cannot be used, or the time is beyond all reason.
        """
        if not 0 <= expires < _MAX_TIME:
            raise InputError(f"got {expires}", field="expires", hint="seconds since 1970")
        if name is not None:
            checked_line(name, field="name", most=MAX_NAME_CHARACTERS, least=1)
        with self._lock:
            self._refresh()
            secret_id = list(self._secrets)[-1]
            mac = _mac(self._secrets[secret_id], key, str(int(expires)), name)
        query = {"exp": int(expires), "kid": secret_id}
        return urlencode({**query, **({} if name is None else {"name": name}), "sig": mac})

    def verify(self, key: BlobKey, query: Mapping[str, str]) -> Grant:
        """What a link allows.

        Args:
            key: The file that it points to.
            query: The rest of it.

        Raises:
            ForbiddenError: It was changed, was not signed here, or has ended.
        """
        expires, name = query.get("exp", ""), query.get("name")
        with self._lock:
            self._refresh()
            secret = self._secrets.get(query.get("kid", ""))
        # An unknown secret takes as long as a wrong signature.
        expected = _mac(secret or "00" * 32, key, expires, name)
        given = query.get("sig", "").encode(errors="replace")
        good = hmac.compare_digest(expected.encode(), given)
        if not good or secret is None or _TIME.fullmatch(expires) is None:
            raise ForbiddenError(
                "the link was not made by this service, or was changed",
                field="sig",
                hint="fetch the job or the picture again for a new link",
            )
        if int(expires) <= self._clock():
            raise ForbiddenError(
                "the link has ended",
                field="exp",
                hint="fetch the job or the picture again for a new link",
            )
        return Grant(key=key, name=name, expires=float(expires))

    def rotate(self) -> None:
        """Sign with a new secret from now on; links that are out stay good.

        Other processes of the service notice.

        Raises:
            ConfigError: The file cannot be written.
        """
        with self._lock:
            self._refresh()
            kept = list(self._secrets.items())[-MOST_SECRETS + 1 :]
            fresh = {**dict(kept), _name(): secrets.token_hex(32)}
            try:
                write_privately(self._path, _content(fresh))
            except OSError as error:
                raise ConfigError(
                    f"{self._path.name} cannot be written: {error.strerror}",
                    field="data",
                    hint="let the service write to its folder",
                ) from error
            self._secrets = fresh
            self._stamp = self._path.stat().st_mtime_ns

    def _refresh(self) -> None:
        """Read the secrets again if another process has replaced them."""
        # A file that is gone for the moment is no reason to refuse links.
        with contextlib.suppress(FileNotFoundError):
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._secrets, self._stamp = _read(self._path), stamp


def _name() -> str:
    return secrets.token_hex(4)


def _content(known: Mapping[str, str]) -> str:
    return json.dumps(known, indent=1) + "\n"


def _read(path: Path) -> dict[str, str]:
    """Secrets by name, the newest last."""
    content = read_privately(path)
    try:
        known = json.loads(content)
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(known, dict) or not known:
        raise _damaged(path)
    if not all(isinstance(one, str) and _SECRET.fullmatch(one) for one in known.values()):
        raise _damaged(path)
    return known


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        f"{path.name} holds no secrets",
        field="data",
        hint="restore it from a backup, or delete it: links that are out then end",
    )


def _mac(secret: str, key: BlobKey, expires: str, name: str | None) -> str:
    """The signature: over lengths and values, so that no two links say the same bytes."""
    message = json.dumps([key, expires, name], ensure_ascii=True).encode()
    digest = hmac.new(bytes.fromhex(secret), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
