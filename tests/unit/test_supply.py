"""Batches drawn here, beside or ahead are the same."""

import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

import tiny_training
from drawn import all_fonts
from glm_image.data import shards
from glm_image.errors import CheckpointError, ConfigError
from glm_image.training.supply import SHARD, Supply


@dataclass(frozen=True, kw_only=True)
class Note:
    text: str
    values: tuple[Tensor, ...]
    pixels: np.ndarray


class Notes:
    """Draws notes and counts how often."""

    drawn_from = "notes"
    records: ClassVar[dict[str, type]] = {"Note": Note}

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self, rng: random.Random, step: int) -> list[Note]:
        self.drawn += 1
        values = (torch.tensor([rng.random()]), torch.tensor([True, False]))
        pixels = np.full((2, 3), rng.randrange(256), dtype=np.uint8)
        return [Note(text=f"第{step}", values=values, pixels=pixels)]


def same(first: Any, second: Any) -> bool:
    """Whether two records hold the same."""
    return shards.pack(first) == shards.pack(second)


def supply(folder: Path, draws: Any = None, seed: int = 0, rank: int = 0) -> Supply:
    return Supply(draws or Notes(), seed=seed, rank=rank, folder=folder)


def ahead(folder: Path, steps: int, processes: int = 0) -> Supply:
    drawn = supply(folder)
    assert list(drawn.draw_ahead(steps, processes)) == list(range(0, steps, SHARD))
    return drawn


def test_a_record_is_the_same_after_a_shard(tmp_path: Path) -> None:
    note = Notes().draw(random.Random(1), 7)
    shards.write(tmp_path / "a.zip", [(7, note), (8, [])])
    read = shards.read(tmp_path / "a.zip", 7, Notes.records)
    assert same(read, note)
    assert isinstance(read[0].pixels, np.ndarray)
    assert read[0].values[1].dtype == torch.bool
    assert shards.read(tmp_path / "a.zip", 8, {}) == []


def test_a_record_holds_no_code() -> None:
    with pytest.raises(TypeError, match="cannot hold function"):
        shards.pack([test_a_record_holds_no_code])
    with pytest.raises(CheckpointError, match="cannot be read"):
        shards.unpack(shards.pack(Notes().draw(random.Random(1), 0)), {"Other": Note})


def test_a_damaged_shard_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    shards.write(file, [(0, "text")])
    with pytest.raises(CheckpointError, match="record 1"):
        shards.read(file, 1, {})
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="does not hold record 0") as caught:
        shards.read(file, 0, {})
    assert caught.value.hint


def test_a_shard_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[int, object]]:
        yield 0, "text"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shards.write(tmp_path / "a.zip", broken())
    assert not (tmp_path / "a.zip").exists()


def test_steps_and_ranks_draw_differently(tmp_path: Path) -> None:
    batches = [supply(tmp_path, rank=rank)[step] for rank in range(2) for step in range(3)]
    assert len({float(batch[0].values[0]) for batch in batches}) == 6


def test_batches_drawn_ahead_are_read(tmp_path: Path) -> None:
    plain = [supply(tmp_path / "none")[step] for step in range(SHARD + 3)]
    ahead(tmp_path, SHARD + 3)
    reader = Notes()
    read = list(supply(tmp_path, reader).batches(0, SHARD + 3, 0))
    assert reader.drawn == 0
    assert all(same(a, b) for a, b in zip(read, plain, strict=True))


def test_what_is_missing_is_drawn(tmp_path: Path) -> None:
    ahead(tmp_path, 2 * SHARD).folder.joinpath("000000.zip").unlink()
    reader = Notes()
    list(supply(tmp_path, reader).batches(SHARD - 2, SHARD + 2, 0))
    assert reader.drawn == 2
    again = ahead(tmp_path, 2 * SHARD)
    names = sorted(path.name for path in again.folder.iterdir())
    assert names == ["000000.zip", "000001.zip", "about.txt"]


def test_shards_of_another_recipe_are_refused(tmp_path: Path) -> None:
    ahead(tmp_path, 3)
    with pytest.raises(ConfigError, match="another recipe or seed"):
        supply(tmp_path, seed=1)
    other = Notes()
    other.drawn_from = "other notes"
    with pytest.raises(ConfigError, match="another recipe or seed"):
        supply(tmp_path, other)


@pytest.mark.slow
def test_processes_beside_and_ahead_draw_the_same(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    plain = list(supply(tmp_path / "none").batches(3, 12, 0))
    beside = list(supply(tmp_path / "none").batches(3, 12, 2))
    ahead(tmp_path / "some", 12, processes=2)
    read = list(supply(tmp_path / "some").batches(3, 12, 0))
    for others in (beside, read):
        assert all(same(a, b) for a, b in zip(others, plain, strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    with zipfile.ZipFile(tmp_path / "some" / "rank-0" / "000000.zip") as archive:
        assert len(archive.namelist()) == 12


@all_fonts
@pytest.mark.parametrize("part", tiny_training.TASKS)
def test_every_part_learns_the_same_from_shards(part: str, tmp_path: Path) -> None:
    task = tiny_training.TASKS[part]()
    drawn = supply(tmp_path, task)
    plain = [drawn[step] for step in range(2)]
    list(drawn.draw_ahead(2, 0))
    read = [supply(tmp_path, task)[step] for step in range(2)]
    assert all(same(a, b) for a, b in zip(read, plain, strict=True))
