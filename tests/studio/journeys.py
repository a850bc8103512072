"""What tests do before they look: pictures and jobs that are there already."""

from typing import Any

import httpx2
from serving_rig import Rig, until

from glm_image.serving.accounts import Scope


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
