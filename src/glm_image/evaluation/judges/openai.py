"""A judge behind an endpoint that speaks the chat protocol of OpenAI, near or far.

Local servers of open models offer the same protocol, so this one adapter serves both.
"""

import base64
import http.client
import io
import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from PIL import Image

from glm_image.errors import InputError, ToolError
from glm_image.evaluation.judges.base import Request

RETRIES = 3
"""How often a failed request is repeated."""

_BUSY = (408, 409, 425, 429)
# Longest time in seconds that a server may ask us to wait.
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a judge is.

    Attributes:
        url: Up to and with ``/v1``.
        model: Name of the model as the server knows it.
        key_variable: Environment variable with the key; none is sent where it is not set.
        timeout: Longest time for one answer in seconds.
        pause: Time before the first repetition in seconds; doubles with each.
    """

    url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    timeout: float = 120.0
    pause: float = 1.0

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise InputError(
                f"{self.url!r} is no address",
                field="judge",
                hint="such as http://localhost:8000/v1",
            )
        if not self.model:
            raise InputError("has no model", field="judge", hint="name the judge's model")


class OpenAiJudge:
    """A judge behind an endpoint; temperature 0."""

    name = "openai"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.version = endpoint.model

    def answer(self, image: Image.Image, request: Request) -> str:
        """Answer about an RGB picture.

        Raises:
            ToolError: The server refuses, or still fails after :data:`RETRIES` repetitions.
        """
        body = json.dumps(self._body(image, request)).encode()
        problem = ""
        for attempt in range(RETRIES + 1):
            try:
                return _content(self._post(body))
            except _TryAgainError as error:
                problem = str(error)
                if attempt < RETRIES:
                    time.sleep(error.wait or self._endpoint.pause * 2**attempt)
        raise ToolError(
            f"{self._endpoint.url} failed {RETRIES + 1} times: {problem}",
            field="judge",
            hint="check the server, then score again; what is scored stays",
        )

    def _body(self, image: Image.Image, request: Request) -> dict[str, Any]:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, format="PNG")
        address = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
        content = [
            {"type": "image_url", "image_url": {"url": address}},
            {"type": "text", "text": request.text},
        ]
        messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
        if request.system:
            messages.insert(0, {"role": "system", "content": request.system})
        return {
            "model": self._endpoint.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": request.most_tokens,
        }

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        key = os.environ.get(self._endpoint.key_variable)
        if key:
            headers["Authorization"] = f"Bearer {key}"
        url = self._endpoint.url.rstrip("/") + "/chat/completions"
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=self._endpoint.timeout) as response:
                data: bytes = response.read()
                return data
        except urllib.error.HTTPError as error:
            with error:
                message = error.read(400).decode(errors="replace")
            if error.code >= 500 or error.code in _BUSY:
                wait = _seconds(error.headers.get("Retry-After"))
                raise _TryAgainError(f"status {error.code}: {message}", wait) from error
            raise ToolError(
                f"{url} refuses with status {error.code}: {message}",
                field="judge",
                hint="check address, model and key",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise _TryAgainError(str(error) or type(error).__name__) from error


class _TryAgainError(Exception):
    """A failure that may pass."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


def _content(data: bytes) -> str:
    """The words of an answer."""
    try:
        content = json.loads(data)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _TryAgainError(f"no answer in {data[:80]!r}") from error
    if not isinstance(content, str) or not content.strip():
        raise _TryAgainError("an empty answer")
    return content.strip()


def _seconds(header: str | None) -> float:
    """Time that a server asks to wait; 0 where it gives none or a date."""
    try:
        return min(max(float(header or 0), 0.0), _LONGEST_WAIT)
    except ValueError:
        return 0.0
