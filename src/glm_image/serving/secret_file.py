"""Files that hold a secret of the service."""

import os
import secrets
from pathlib import Path

from glm_image.errors import ConfigError

_BYTES = 32


def read_secret(path: Path) -> bytes:
    """The 32 random bytes of a file, which is made if it is not there.

    Two processes that make it at once get the same bytes.

    Args:
        path: The file. Nobody but its owner may read it.

    Raises:
        ConfigError: The file cannot be read or made, others may read it, or it holds other things.
    """
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise ConfigError(
                f"others may read {path.name}", field="data", hint=f"chmod 600 {path.name}"
            )
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise _damaged(path) from error
    except OSError as error:
        raise ConfigError(
            f"{path.name} cannot be used: {error.strerror}",
            field="data",
            hint="let the service write to its folder",
        ) from error
    if len(secret) != _BYTES:
        raise _damaged(path)
    return secret


def write_privately(path: Path, content: str) -> None:
    """Replace a file by one that only its owner may read, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _write(temporary, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _write(temporary, secrets.token_hex(_BYTES) + "\n")
        # A link fails where a rename would replace what another process has just made.
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)


def _write(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        f"{path.name} holds no secret",
        field="data",
        hint="restore it from a backup; without it keys and links that are out do not count",
    )
