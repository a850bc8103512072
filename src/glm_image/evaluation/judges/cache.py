"""Remembers what a judge answered, so that scoring again asks nothing twice."""

import hashlib
import json
import secrets
from pathlib import Path

from PIL import Image

from glm_image.evaluation.judges.base import Judge, Request


def picture_digest(image: Image.Image) -> str:
    """Digest of a picture's size and RGB pixels, whatever file they came from."""
    rgb = image.convert("RGB")
    return hashlib.sha256(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes()).hexdigest()


class CachedJudge:
    """A judge whose answers are kept in a folder, one small file each.

    Files are named by a hash of judge, picture and request, and written whole or not at all, so
    that several processes may share the folder. Failures are not kept.
    """

    def __init__(self, judge: Judge, folder: Path) -> None:
        self._judge = judge
        self._folder = folder
        self.name = judge.name
        self.version = judge.version

    def answer(self, image: Image.Image, request: Request) -> str:
        """Answer about an RGB picture, from the folder where it can.

        Raises:
            ToolError: The judge has no answer.
        """
        path = self._path(image, request)
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["answer"])
        except FileNotFoundError:
            answer = self._judge.answer(image, request)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{secrets.token_hex(4)}.part")
        entry = {"judge": [self.name, self.version], "request": request.text, "answer": answer}
        temporary.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)
        return answer

    def _path(self, image: Image.Image, request: Request) -> Path:
        asked = [self.name, self.version, request.system, request.text, request.most_tokens]
        text = json.dumps([picture_digest(image), *asked], ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"
