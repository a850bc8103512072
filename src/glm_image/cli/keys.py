"""``glm-image keys``: who may use the service.

The commands work on the store of the service, whether it runs or not; what they change counts with
the next request.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from glm_image.cli.flags import ReportFlags, flag, with_flags
from glm_image.cli.output import print_json
from glm_image.errors import InputError

if TYPE_CHECKING:
    from glm_image.serving.accounts import Key
    from glm_image.serving.store import Store

app = typer.Typer(help="Make and take back the keys of the service.", no_args_is_help=True)

_PACKAGES = ("sqlalchemy", "alembic")
_DAY = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class StoreFlags(ReportFlags):
    """Where the keys are."""

    data: Annotated[
        str | None,
        flag(
            "Folder of the service. Default: that of glm-image serve.",
            metavar="FOLDER",
            panel="Storage",
        ),
    ] = None
    database: Annotated[
        str | None,
        flag(
            "postgresql://... or sqlite:///... Default: in --data.", metavar="URL", panel="Storage"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CreateFlags(StoreFlags):
    """What a key may do, and how much of it."""

    scope: Annotated[
        list[str] | None,
        flag("generate, read or admin; may be repeated. Default: generate and read."),
    ] = None
    concurrent: Annotated[
        int | None, flag("Most jobs that wait or run. Default: the service's.", metavar="N")
    ] = None
    per_minute: Annotated[int | None, flag("Most jobs a minute. Default: the service's.")] = None
    per_day: Annotated[int | None, flag("Most pictures a day, in UTC. Default: the service's.")] = (
        None
    )
    days: Annotated[
        float | None, flag("Days until the key ends. Default: it does not.", metavar="N")
    ] = None


@dataclass(frozen=True, kw_only=True)
class RotateFlags(StoreFlags):
    """How a secret is replaced."""

    overlap: Annotated[
        float, flag("Seconds for which the old secret still counts. Default: 0.", metavar="N")
    ] = 0.0


def create(
    name: Annotated[str, typer.Argument(help="Your words for the key.", show_default=False)],
    flags: CreateFlags,
) -> None:
    """Make a key and print its token, which is shown this once."""
    with _opened(flags) as store:
        from glm_image.serving.accounts import KeyLimits, Scope

        unknown = [scope for scope in flags.scope or () if scope not in list(Scope)]
        if unknown:
            raise InputError(
                f"got {unknown[0]!r}", field="scopes", hint=f"use some of {', '.join(Scope)}"
            )
        scopes = [Scope(scope) for scope in flags.scope or (Scope.GENERATE, Scope.READ)]
        limits = KeyLimits(
            concurrent=flags.concurrent, per_minute=flags.per_minute, per_day=flags.per_day
        )
        expires = None if flags.days is None else time.time() + flags.days * _DAY
        key, token = store.create_key(name, scopes, limits, expires=expires)
    _show_token(key, token, flags)


def rotate(
    key: Annotated[str, typer.Argument(help="The key's id.", show_default=False)],
    flags: RotateFlags,
) -> None:
    """Give a key a new secret and print its token, which is shown this once."""
    with _opened(flags) as store:
        rotated, token = store.rotate_key(key, overlap=flags.overlap)
    _show_token(rotated, token, flags)


def show(flags: StoreFlags) -> None:
    """List all keys, without their secrets."""
    with _opened(flags) as store:
        keys = store.keys()
    if flags.json:
        print_json([_record(key) for key in keys])
        return
    for key in keys:
        typer.echo(_line(key))
    if not keys and not flags.quiet:
        typer.echo("There are no keys; glm-image keys create NAME makes one.", err=True)


def revoke(
    key: Annotated[str, typer.Argument(help="The key's id.", show_default=False)],
    flags: StoreFlags,
) -> None:
    """Take a key back for good; what it made stays."""
    with _opened(flags) as store:
        revoked = store.revoke(key)
    if flags.json:
        print_json(_record(revoked))
    elif not flags.quiet:
        typer.echo(f"{revoked.id} ({revoked.name}) does not count any more.", err=True)


app.command("create")(with_flags(create))
app.command("list")(with_flags(show))
app.command("rotate")(with_flags(rotate))
app.command("revoke")(with_flags(revoke))


@contextlib.contextmanager
def _opened(flags: StoreFlags) -> "Iterator[Store]":
    """The store of the service, with the settings that ``glm-image serve`` would take.

    Raises:
        InputError: The packages of the service are not installed.
    """
    missing = next((name for name in _PACKAGES if find_spec(name) is None), None)
    if missing is not None:
        raise InputError(
            f"keys need the package {missing}",
            field="keys",
            hint="pip install 'glm-image[serve]'",
        )
    from glm_image.serving.setting_sources import read_settings
    from glm_image.serving.store import Store

    settings = read_settings({"data": flags.data, "database": flags.database}, os.environ)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store.open(settings.database_url, pepper=settings.data / "pepper")
    try:
        yield store
    finally:
        store.close()


def _show_token(key: "Key", token: str, flags: ReportFlags) -> None:
    if flags.json:
        print_json({**_record(key), "token": token})
        return
    typer.echo(token)
    if not flags.quiet:
        typer.echo("Keep it: it is not stored and cannot be shown again.", err=True)


def _record(key: "Key") -> dict[str, object]:
    from glm_image.config import to_mapping

    return {**to_mapping(key), "standing": _standing(key)}


def _standing(key: "Key") -> str:
    from glm_image.serving.accounts import Standing

    if key.revoked is not None:
        return Standing.REVOKED.value
    ended = key.expires is not None and key.expires <= time.time()
    return Standing.EXPIRED.value if ended else Standing.GOOD.value


def _line(key: "Key") -> str:
    """One key for people to read."""
    used = "never used" if key.used is None else f"used {_day(key.used)}"
    ends = "" if key.expires is None else f", ends {_day(key.expires)}"
    standing = _standing(key)
    note = "" if standing == "good" else f", {standing}"
    scopes = "+".join(key.scopes)
    return f"{key.id}  {key.name}  {scopes}, made {_day(key.created)}, {used}{ends}{note}"


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
