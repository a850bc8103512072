"""Keys: made, shown once, verified, replaced and taken back.

A token reads ``gi_<id>.<secret>``. The store keeps an HMAC-SHA256 of the secret under the pepper,
a file that is no part of the database: who steals one of the two has nothing. Secrets are random,
so a slow hash would add nothing.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa

from glm_image.config import to_mapping
from glm_image.errors import InputError
from glm_image.serving.accounts import Key, KeyLimits, Scope, Standing
from glm_image.serving.secret_file import read_secret
from glm_image.serving.store import rows
from glm_image.serving.store.database import Database, Unit
from glm_image.serving.store.part import Part
from glm_image.serving.store.policy import Policy
from glm_image.serving.store.rows import Row
from glm_image.serving.store.tables import keys
from glm_image.serving.text import checked_line

MAX_NAME_CHARACTERS = 100
"""Longest name of a key."""

_TOKEN = re.compile(r"gi_([0-9a-z]{16})\.([0-9A-Za-z_-]{43})")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_USED_SECONDS = 60.0
"""How exact the time of the last use is; finer would cost a write per request."""

# Made once, because every request executes it.
_OF_ID = sa.select(keys).where(keys.c.id == sa.bindparam("sought"))


class KeyRing(Part):
    """Keys and what they are worth.

    Args:
        database: Where they are kept.
        policy: Bounds of the store.
        pepper: A file with 32 random bytes, made if there is none.
    """

    def __init__(self, database: Database, policy: Policy, pepper: Path) -> None:
        super().__init__(database, policy)
        self._pepper = read_secret(pepper)

    def create_key(
        self,
        name: str,
        scopes: Collection[Scope],
        limits: KeyLimits | None = None,
        *,
        expires: float | None = None,
    ) -> tuple[Key, str]:
        """Make a key.

        Args:
            name: The operator's words for it.
            scopes: What it may do.
            limits: How much it may ask for; by default what every key may.
            expires: When it ends, in seconds since 1970; None never.

        Returns:
            The key, and its token, which nobody can show again.

        Raises:
            InputError: The name cannot be used, there is no scope, or it would have ended already.
        """
        checked_line(name, field="name", most=MAX_NAME_CHARACTERS, least=1)
        if not scopes:
            raise InputError(
                "there is none", field="scopes", hint=f"give some of {', '.join(Scope)}"
            )
        key_id = "".join(secrets.choice(_ALPHABET) for _ in range(16))
        secret = secrets.token_urlsafe(32)
        with self._db.write() as unit:
            if expires is not None and expires <= unit.now:
                raise InputError(
                    "it is in the past", field="expires", hint="name a moment that is to come"
                )
            row = {
                "id": key_id,
                "name": name,
                "scopes": [scope.value for scope in Scope if scope in scopes],
                "limits": to_mapping(limits or KeyLimits()),
                "mac": self._mac(secret),
                "created": unit.now,
                "expires": expires,
            }
            unit.connection.execute(sa.insert(keys).values(row))
            return rows.key(_row(unit, key_id)), f"gi_{key_id}.{secret}"

    def rotate_key(self, key_id: str, *, overlap: float = 0.0) -> tuple[Key, str]:
        """Give a key a new secret.

        Args:
            key_id: The key.
            overlap: Seconds for which the old secret still counts.

        Returns:
            The key, and its new token, which nobody can show again.

        Raises:
            NotFoundError: There is no such key.
            InputError: It was taken back.
        """
        secret = secrets.token_urlsafe(32)
        with self._db.write() as unit:
            old = _row(unit, key_id)
            if old.revoked is not None:
                raise InputError("it was revoked", field="key", hint="create another key")
            unit.connection.execute(
                sa.update(keys)
                .where(keys.c.id == key_id)
                .values(
                    mac=self._mac(secret), old_mac=old.mac, old_until=unit.now + max(0.0, overlap)
                )
            )
            return rows.key(_row(unit, key_id)), f"gi_{key_id}.{secret}"

    def keys(self) -> list[Key]:
        """All keys, the oldest first, with those that do not count any more."""
        with self._db.read() as unit:
            statement = sa.select(keys).order_by(keys.c.created, keys.c.id)
            return [rows.key(row) for row in unit.connection.execute(statement)]

    def revoke(self, key_id: str) -> Key:
        """Take a key back for good. What it made stays where it is.

        Raises:
            NotFoundError: There is no such key.
        """
        with self._db.write() as unit:
            row = _row(unit, key_id)
            if row.revoked is None:
                unit.connection.execute(
                    sa.update(keys).where(keys.c.id == key_id).values(revoked=unit.now)
                )
            return rows.key(_row(unit, key_id))

    def has_keys(self) -> bool:
        """Whether a key was ever made; one that ended or was taken back opens nothing again."""
        with self._db.read() as unit:
            return unit.connection.execute(sa.select(keys.c.id).limit(1)).first() is not None

    def verify(self, token: str) -> Key | None:
        """The key of a token; None unless it counts."""
        standing, key = self.examine(token)
        return key if standing is Standing.GOOD else None

    def examine(self, token: str) -> tuple[Standing, Key | None]:
        """What a token is worth.

        A key that was taken back or has ended is named only to who has its secret. The time this
        takes does not depend on how much of a wrong secret is right, nor on whether its key is
        there.

        Args:
            token: As the client sent it.

        Returns:
            The standing, and the key of a token that is, or was, good.
        """
        match = _TOKEN.fullmatch(token)
        if match is None:
            return Standing.MALFORMED, None
        with self._db.read() as unit:
            now = unit.now
            row = unit.connection.execute(_OF_ID, {"sought": match[1]}).first()
        mac = self._mac(match[2])
        present = hmac.compare_digest(mac, bytes(32) if row is None else row.mac)
        has_old = row is not None and row.old_mac is not None and now < row.old_until
        former = hmac.compare_digest(mac, row.old_mac if has_old and row else bytes(32))
        if row is None or not (present or former):
            return Standing.UNKNOWN, None
        key = rows.key(row)
        if key.revoked is not None:
            return Standing.REVOKED, key
        if key.expires is not None and key.expires <= now:
            return Standing.EXPIRED, key
        if key.used is None or now - key.used > _USED_SECONDS:
            with self._db.write(durable=False) as unit:
                unit.connection.execute(sa.update(keys).where(keys.c.id == key.id).values(used=now))
        return Standing.GOOD, key

    def _mac(self, secret: str) -> bytes:
        return hmac.new(self._pepper, secret.encode(), hashlib.sha256).digest()


def _row(unit: Unit, key_id: str) -> Row:
    row = unit.connection.execute(_OF_ID, {"sought": key_id}).first()
    if row is None:
        raise rows.missing(keys.name, key_id)
    return row
