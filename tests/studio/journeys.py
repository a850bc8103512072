"""What tests do before they look: pictures and jobs that are there already."""

import time
from collections.abc import Callable
from typing import Any

import httpx2
from serving_rig import Rig

from glm_image.serving.accounts import Scope

PATIENCE = 60.0


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something outside of the browser holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it takes too long")
        time.sleep(0.05)


def draw(rig: Rig, prompt: str = "a red circle", *, key: str | None = None, **body: Any) -> Any:
    """A job that has ended, drawn through the interface as the page would."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=rig.url, timeout=30, headers=headers) as http:
        asked = http.post("/api/jobs", json={"prompt": prompt, **body})
        asked.raise_for_status()
        path = f"/api/jobs/{asked.json()['id']}"
        until(lambda: http.get(path).json()["state"] not in ("queued", "running"))
        return http.get(path).json()


def administrator(rig: Rig) -> str:
    """A key that may do everything."""
    return rig.key("administrator", Scope.ADMIN)
