"""Reads one picture of a stranger in a process that may be killed, then ends.

Started as ``python -m glm_image.serving.intake.decoder``. On standard input it gets eight bytes
with a length, the file, and, once the service has room for the pixels, a line. On standard output
it says in lines of JSON how large the picture is, then what became of it, and then gives the
picture as a plain PNG. It has little memory and time, opens no files and starts no processes.
"""

import io
import json
import resource
import struct
import sys
import warnings
from contextlib import suppress
from typing import BinaryIO

from PIL import Image as PilImage
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from glm_image.image.opening import upright_rgb

FORMATS = ("PNG", "JPEG", "WEBP")
"""What is read from strangers: three decoders that are much tested, instead of all."""

MOST_PIXELS = 40_000_000
"""Largest picture in pixels; it is refused before anything is decoded."""

LONGEST_SIDE = 8192

LENGTH = struct.Struct(">Q")
"""Length of the file that follows."""

_MEMORY = 2 * 1024**3
_CPU_SECONDS = 20
_OPEN_FILES = 64
_FAST = 1
"""Effort of zlib: the file is read once more and then rarely."""


def main() -> int:
    """Read one picture; gives the exit code."""
    _confine()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    (length,) = LENGTH.unpack(source.read(LENGTH.size))
    data = source.read(length)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; the limit here is smaller, and an error.
            warnings.simplefilter("ignore")
            image = PilImage.open(io.BytesIO(data), formats=FORMATS)
            _check(image)
            _say(target, {"width": image.width, "height": image.height})
            if not source.readline():
                return 0
            plain = _plain(image)
    except UnidentifiedImageError:
        _say(target, {"error": "the content is no picture", "hint": "use png, jpeg or webp"})
        return 0
    except (_RefusedError, PilImage.DecompressionBombError) as error:
        _say(target, {"error": str(error), "hint": "scale it down first"})
        return 0
    except MemoryError:
        _say(target, {"error": "the picture takes too much memory", "hint": "scale it down first"})
        return 0
    # Decoders of damaged files raise whatever they stumble over.
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        _say(target, {"error": f"the picture is damaged: {type(error).__name__}"})
        return 0
    buffer = io.BytesIO()
    plain.save(buffer, format="PNG", compress_level=_FAST)
    _say(
        target,
        {
            "bytes": buffer.tell(),
            "width": plain.width,
            "height": plain.height,
            "transparent": plain.mode == "RGBA",
        },
    )
    target.write(buffer.getvalue())
    target.flush()
    return 0


class _RefusedError(Exception):
    """The picture is larger than what is read."""


def _confine() -> None:
    """Give up what a reader of pictures does not need, as far as the system lets it."""
    bounds = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: _CPU_SECONDS,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (bound, bound))
    # New processes are forbidden to all users but root, who is not bound by this limit.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _check(image: PilImage.Image) -> None:
    width, height = image.size
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise _RefusedError(
            f"{width}x{height} is more than {LONGEST_SIDE} pixels a side or {MOST_PIXELS} in all"
        )


def _plain(image: PilImage.Image) -> PilImage.Image:
    """The picture upright, in sRGB, with its transparency and nothing else."""
    image.load()
    upright = ImageOps.exif_transpose(image)
    profile = upright.info.get("icc_profile")
    if upright.has_transparency_data:
        plain = upright.convert("RGBA")
    else:
        plain = upright_rgb(_converted(upright, profile))
    plain.info.clear()
    return plain


def _converted(image: PilImage.Image, profile: bytes | None) -> PilImage.Image:
    """Colours in sRGB; a profile that does not work is left aside, as viewers do."""
    if not profile or image.mode not in ("RGB", "L", "CMYK"):
        return image
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if converted is not None:
            return converted
    return image


def _say(target: BinaryIO, line: dict[str, object]) -> None:
    target.write(json.dumps(line).encode() + b"\n")
    target.flush()


if __name__ == "__main__":
    sys.exit(main())
