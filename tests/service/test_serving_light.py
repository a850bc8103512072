"""The process that answers requests loads no model library, and what is torch-free stays so."""

import subprocess
import sys

REPORT = """
import sys, pathlib, tempfile
sys.path[:0] = ["tests/service"]
from fake import FakeEngine
from glm_image.serving.app import create_app
from glm_image.serving.blobs import Blobs
from glm_image.serving.hub import Hub
from glm_image.serving.settings import Settings
from glm_image.serving.store import Store
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    settings = Settings(data=folder)
    store = Store.open(settings.database_url, pepper=folder / "pepper")
    blobs = Blobs.open(settings.blob_url)
    app = create_app(settings, store=store, blobs=blobs, painter=FakeEngine(), hub=Hub())
    app.openapi()
    store.close()
print(*sorted({"torch", "transformers", "diffusers", "ray"} & sys.modules.keys()))
"""


def test_the_application_is_built_without_torch() -> None:
    result = subprocess.run(
        [sys.executable, "-c", REPORT], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []
