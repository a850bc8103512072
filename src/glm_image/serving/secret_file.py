"""Files that hold secrets of the service: nobody but their owner may read them."""

import os
import secrets
from pathlib import Path

from glm_image.errors import ConfigError

_BYTES = 32


def read_secret(path: Path) -> bytes:
    """The 32 random bytes of a file, which is made if it is not there.

    Raises:
        ConfigError: The file cannot be read or made, others may read it, or it holds other things.
    """
    make_privately(path, secrets.token_hex(_BYTES) + "\n")
    content = read_privately(path)
    try:
        secret = bytes.fromhex(content.strip())
    except ValueError as error:
        raise _damaged(path) from error
    if len(secret) != _BYTES:
        raise _damaged(path)
    return secret


def read_privately(path: Path) -> str:
    """The content of a file that only its owner may read.

    Raises:
        ConfigError: It cannot be read, others may read it, or it is no text.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(
                f"others may read {path.name}", field="data", hint=f"chmod 600 {path.name}"
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(path) from error
    except OSError as error:
        raise _unusable(path, error) from error


def make_privately(path: Path, content: str) -> None:
    """Make a file that only its owner may read, unless it is there.

    Of two processes that make it at once, one wins and both find the same file.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _written(path, content)
        try:
            # A link fails where a rename would replace what another process has just made.
            path.hardlink_to(temporary)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
    except OSError as error:
        raise _unusable(path, error) from error


def write_privately(path: Path, content: str) -> None:
    """Replace a file by one that only its owner may read, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    _written(path, content).replace(path)


def _written(path: Path, content: str) -> Path:
    """A new file beside another one, on the disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _unusable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path.name} cannot be used: {error.strerror}",
        field="data",
        hint="let the service read and write its folder",
    )


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        f"{path.name} holds no secret",
        field="data",
        hint="restore it from a backup; without it, keys and links that are out do not count",
    )
