"""The pictures of a prompt as one grid of 2 x 2 tiles, as some authors' own tools want them.

Source: reference behaviour: OneIG-Bench/OneIG-Benchmark, image layout; TencentQQGYLab/ELLA,
``dpg_bench``. A picture that is not there is a black tile, which the authors' tools drop or count.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Benchmark
from glm_image.evaluation.run_folder import Key, ManifestLine, RunFolder
from glm_image.evaluation.scores import OK

TILES = 4
"""Pictures of a grid, from left to right and from top to bottom."""

_COLUMNS = 2
_BLACK = (0, 0, 0)
_NAME = re.compile(r"[\w.+-]+")


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        grids: Files.
        black: Tiles that had no picture.
    """

    grids: tuple[Path, ...]
    black: int


def export(
    run: RunFolder,
    benchmark: Benchmark,
    target: Path,
    model: str,
    on_grid: Callable[[Path], None] | None = None,
) -> Exported:
    """Write the grids of every prompt that has a picture.

    A prompt ``anime/000`` becomes ``anime/MODEL/000.webp`` and a prompt ``7`` ``MODEL/7.png``,
    by the format that the benchmark names. Both formats keep every pixel.

    Args:
        run: The run.
        benchmark: A benchmark of tiles.
        target: Folder of the grids.
        model: Name of the model in paths: letters, digits, ``.``, ``_``, ``+`` and ``-``.
        on_grid: Called with every file.

    Raises:
        InputError: The benchmark has no grids, the name is no name for a folder, a picture was
            changed, or there are none.
    """
    if not benchmark.tiles or benchmark.samples != TILES:
        raise InputError(
            f"{benchmark.name} has no grids",
            field="benchmark",
            hint="its pictures already lie in the run as the authors want them",
        )
    if not _NAME.fullmatch(model) or set(model) == {"."}:
        raise InputError(f"got {model!r}", field="model", hint="letters, digits, . _ + and -")
    lines = run.lines(benchmark.name)
    made = {key: line for key, line in lines.items() if line.status == OK}
    if not made:
        raise InputError(
            f"the run has no picture of {benchmark.name}", field="run", hint="generate them first"
        )
    written = []
    for item in dict.fromkeys(item for item, _ in made):
        path = target / place(benchmark, item, model)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tiled(run, item, made) as grid:
            grid.save(path, lossless=True) if path.suffix == ".webp" else grid.save(path)
        written.append(path)
        if on_grid is not None:
            on_grid(path)
    return Exported(grids=tuple(written), black=len(written) * TILES - len(made))


def place(benchmark: Benchmark, item: str, model: str) -> PurePosixPath:
    """Where the grid of a prompt belongs, below the folder of grids."""
    path = PurePosixPath(item)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{item!r} leads out of the folder", field="item")
    suffix = benchmark.options.get("tile_format", "png")
    return path.parent / model / f"{path.name}.{suffix}"


def tiled(run: RunFolder, item: str, made: Mapping[Key, ManifestLine]) -> Image.Image:
    """The grid of a prompt; its tiles have the size of the prompt's first picture.

    Raises:
        InputError: A picture was changed since it was drawn, or has another size.
    """
    tiles: dict[int, Image.Image] = {}
    for sample in range(1, TILES + 1):
        if (item, sample) in made:
            with Image.open(run.check(made[item, sample])) as opened:
                tiles[sample] = opened.convert("RGB")
    size = next(iter(tiles.values())).size
    if any(tile.size != size for tile in tiles.values()):
        raise InputError(
            f"pictures of {item} have different sizes", field="run", hint="draw them in one size"
        )
    rows = TILES // _COLUMNS
    grid = Image.new("RGB", (size[0] * _COLUMNS, size[1] * rows), _BLACK)
    for sample, tile in tiles.items():
        row, column = divmod(sample - 1, _COLUMNS)
        grid.paste(tile, (column * size[0], row * size[1]))
    return grid
