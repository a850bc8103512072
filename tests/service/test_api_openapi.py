"""The description is true: whatever it allows or forbids, answers are as it says."""

import subprocess
import sys
from pathlib import Path

import pytest
from fake import FakeEngine
from serving_rig import running

from glm_image.serving.accounts import Scope
from glm_image.serving.settings import KeyDefaults

CONFIG = Path(__file__).with_name("schemathesis.toml")
BOUNDLESS = KeyDefaults(in_flight=10**6, per_minute=10**6)


def fuzz(folder: Path, phases: str, examples: int, *more: str) -> None:
    """Send generated requests to a live service; any breach of the description fails."""
    with running(folder, engine=FakeEngine(places=1000), key=BOUNDLESS) as rig:
        token = rig.key("fuzz", *Scope)
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{rig.url}/openapi.json", "--checks", "all", "--phases", phases),
            *("--max-examples", str(examples), "--generation-deterministic"),
            *("--header", f"Authorization: Bearer {token}", "--request-timeout", "30"),
            # It never ends by itself.
            *("--exclude-path", "/api/events", "--suppress-health-check", "all", *more),
            # Behind it, no call that waits for a picture would be answered.
            *("--exclude-path", "/api/admin/pause"),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert result.returncode == 0, result.stdout[-20_000:] + result.stderr[-2_000:]


@pytest.mark.slow
def test_a_few_generated_requests(tmp_path: Path) -> None:
    own = "jobs|images|votes|account|admin/keys"
    fuzz(tmp_path, "fuzzing", 2, "--include-path-regex", f"^/(v1|api/({own})|healthz)")


@pytest.mark.soak
def test_every_edge_of_the_description(tmp_path: Path) -> None:
    fuzz(tmp_path, "examples,coverage", 1)


@pytest.mark.soak
def test_many_generated_requests_and_chains_of_them(tmp_path: Path) -> None:
    # One thing has one address in each convention, which chains take for three things.
    fuzz(tmp_path, "fuzzing,stateful", 30, "--exclude-path-regex", "^/api/paas")


def test_what_is_described_is_there(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        document = rig.app.openapi()
    operations = {(method, path) for path, item in document["paths"].items() for method in item}
    for prefix in ("/v1", "/api/paas/v4"):
        assert {
            ("post", f"{prefix}/images/generations"),
            ("post", f"{prefix}/images/edits"),
            ("post", f"{prefix}/async/images/generations"),
            ("get", f"{prefix}/async-result/{{job_id}}"),
            ("get", f"{prefix}/models"),
            ("post", f"{prefix}/files"),
            ("post", f"{prefix}/chat/completions"),
        } <= operations
    names = [item["operationId"] for path in document["paths"].values() for item in path.values()]
    assert len(names) == len(set(names))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies = {
                answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
                for status, answer in operation["responses"].items()
                if status[0] in "45"
            }
            assert bodies == {"#/components/schemas/ErrorBody"}, f"{method} {path}"
