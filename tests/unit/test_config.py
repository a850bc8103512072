"""Configurations from mappings and back."""

from dataclasses import dataclass

import pytest

from glm_image.config import from_mapping, nearest, to_mapping
from glm_image.errors import ConfigError
from glm_image.models.dit import DiTConfig
from glm_image.models.presets import full


@dataclass(frozen=True, kw_only=True)
class Inner:
    width: int
    ratio: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    flag: bool
    sections: tuple[int, int, int]
    values: tuple[float, ...]
    inner: Inner
    limit: int | None = None


PLAIN = {
    "name": "x",
    "flag": True,
    "sections": [2, 3, 3],
    "values": [1, 0.5],
    "inner": {"width": 4},
}


def read(**changes: object) -> Outer:
    return from_mapping(Outer, PLAIN | changes, source="file.json")


def test_values_become_typed() -> None:
    config = read()
    assert config.sections == (2, 3, 3)
    assert config.values == (1.0, 0.5) and isinstance(config.values[0], float)
    assert config.inner == Inner(width=4)
    assert config.limit is None and read(limit=3).limit == 3


def test_round_trip() -> None:
    config = read(limit=7)
    assert from_mapping(Outer, to_mapping(config), source="again") == config


@pytest.mark.parametrize("name", ["generator", "dit", "vae", "glyph_encoder"])
def test_published_configs_round_trip(name: str) -> None:
    config = vars(full())[name]
    assert from_mapping(type(config), to_mapping(config), source="again") == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flags": 1}, "'flags', did you mean 'flag'"),
        ({"inner": {"widht": 4}}, "'inner.widht', did you mean 'width'"),
        ({"inner": {}}, "missing field 'inner.width'"),
        ({"name": 3}, "'name' is 3, expected str"),
        ({"flag": 1}, "'flag' is 1, expected bool"),
        ({"limit": True}, "'limit' is True"),
        ({"limit": "3"}, "'limit' is '3'"),
        ({"sections": [1, 2]}, "'sections' has 2 values, expected 3"),
        ({"sections": [1, 2, 0.5]}, "'sections[2]' is 0.5, expected int"),
        ({"inner": 3}, "'inner' is 3, expected Inner"),
    ],
)
def test_mistakes_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(**changes)
    assert message in str(caught.value)
    assert caught.value.field == "file.json"


def test_all_mistakes_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        from_mapping(Outer, {"flag": "no", "extra": 1}, source="file.json")
    text = str(caught.value)
    assert all(word in text for word in ("'extra'", "'flag'", "'name'", "'sections'", "'inner'"))


def test_contradictions_are_config_errors() -> None:
    plain = to_mapping(full().dit) | {"attention_head_dim": 30}
    with pytest.raises(ConfigError, match="multiple of 4"):
        from_mapping(DiTConfig, plain, source="file.json")


def test_nearest_lists_all_names_if_none_is_near() -> None:
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
