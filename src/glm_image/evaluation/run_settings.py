"""What a run of benchmarks was made with: everything that a picture depends on beside its prompt.

Two runs are the same run only if all of this is equal, so it is written down first and compared
whenever a run is taken up again.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from glm_image.config import from_mapping
from glm_image.errors import ConfigError


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Settings of a run.

    Attributes:
        model: What the user called the model.
        weights_sha256: Digest of the model's files.
        commit: Of the package's source, with ``+changes`` if it was changed since; empty if it
            was installed from no repository.
        quotes: How texts to be written are found in prompts.
        rewriter: What rewrote the prompts; empty if nothing did.
        width: Pixels, of items that ask for no size of their own.
        height: Pixels.
        steps: Denoising steps.
        guidance: Weight of the prompt in the decoder.
        temperature: Of the generator.
        top_p: Share that the generator chooses from.
        dtype: Of the networks.
        device: Kind of device.
        base_seed: What all seeds are made of, together with names.
        versions: Of Python and of packages, by name.
    """

    model: str
    weights_sha256: str
    commit: str
    quotes: str
    rewriter: str = ""
    width: int
    height: int
    steps: int
    guidance: float
    temperature: float
    top_p: float
    dtype: str
    device: str
    base_seed: int = 0
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Hash of all settings."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Values by name, ready for JSON."""
        return dataclasses.asdict(self) | {"versions": dict(self.versions)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, source: str) -> "RunSettings":
        """Settings from values by name.

        Raises:
            ConfigError: Values are missing, unknown or of another type.
        """
        content = dict(values)
        versions = content.pop("versions", {})
        if not isinstance(versions, dict) or not all(isinstance(v, str) for v in versions.values()):
            raise ConfigError("'versions' is no table of texts", field=source)
        return dataclasses.replace(from_mapping(cls, content, source=source), versions=versions)

    def differences(self, other: "RunSettings") -> list[str]:
        """What differs, one line each: name, value here, value there."""
        mine, theirs = self.to_json(), other.to_json()
        names = [name for name in mine if mine[name] != theirs[name]]
        return [f"{name}: {mine[name]!r}, now {theirs[name]!r}" for name in names]
