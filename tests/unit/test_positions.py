"""Position ids on three axes, against examples worked out by hand and a token-by-token count."""

import pytest
import torch
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.models.positions import batch_positions, prompt_positions, raster_positions
from glm_image.types import SourceSpan


def count_token_by_token(
    length: int, sources: list[SourceSpan], grids: list[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """The rule of the module docstring as a plain loop over tokens."""
    starts = {span.start_index: (span.height, span.width) for span in sources}
    triples: list[tuple[int, int, int]] = []
    counter = 0
    while len(triples) < length:
        if len(triples) in starts:
            height, width = starts[len(triples)]
            triples += [
                (counter, counter + row, counter + column)
                for row in range(height)
                for column in range(width)
            ]
            counter += max(height, width)
        else:
            triples.append((counter,) * 3)
            counter += 1
    for height, width in grids:
        triples += [
            (counter, counter + row, counter + column)
            for row in range(height)
            for column in range(width)
        ]
        counter += max(height, width)
    return [*triples, (counter,) * 3]


def triples(positions_3l: Tensor) -> list[tuple[int, int, int]]:
    return [(t, r, c) for t, r, c in positions_3l.T.tolist()]


def test_text_counts_up_on_all_axes() -> None:
    positions, following = prompt_positions(5)
    assert positions.tolist() == [[0, 1, 2, 3, 4]] * 3
    assert following == 5


def test_source_image_keeps_the_time_and_spreads_rows_and_columns() -> None:
    # start marker at 0, six codes, end marker, one text token
    positions, following = prompt_positions(9, [SourceSpan(start_index=1, height=2, width=3)])
    assert positions.tolist() == [
        [0, 1, 1, 1, 1, 1, 1, 4, 5],
        [0, 1, 1, 1, 2, 2, 2, 4, 5],
        [0, 1, 2, 3, 1, 2, 3, 4, 5],
    ]
    assert following == 6


def test_square_of_1024_pixels_as_published() -> None:
    length = 47
    positions = raster_positions(length, [(16, 16), (32, 32)])
    preview, large, end = positions.split([256, 1024, 1], dim=1)
    assert preview[0].unique().tolist() == [length]
    assert (preview[1].min(), preview[1].max()) == (length, length + 15)
    assert large[0].unique().tolist() == [length + 16]
    assert large[2, :32].tolist() == list(range(length + 16, length + 48))
    assert large[1, :32].unique().tolist() == [length + 16]
    assert end.tolist() == [[length + 48]] * 3


def test_edit_has_no_preview() -> None:
    positions = raster_positions(10, [(3, 2)])
    assert triples(positions) == [
        (10, 10, 10),
        (10, 10, 11),
        (10, 11, 10),
        (10, 11, 11),
        (10, 12, 10),
        (10, 12, 11),
        (13, 13, 13),
    ]


@pytest.mark.parametrize(
    ("length", "sources", "grids"),
    [
        (1, [], [(1, 1)]),
        (7, [], [(8, 32), (16, 64)]),
        (40, [SourceSpan(start_index=1, height=4, width=7)], [(5, 3)]),
        (
            60,
            [
                SourceSpan(start_index=1, height=4, width=4),
                SourceSpan(start_index=19, height=2, width=9),
                SourceSpan(start_index=40, height=5, width=1),
            ],
            [(3, 3)],
        ),
        (7, [SourceSpan(start_index=1, height=2, width=3)], [(2, 2), (4, 4)]),
    ],
)
def test_equals_token_by_token_count(
    length: int, sources: list[SourceSpan], grids: list[tuple[int, int]]
) -> None:
    prompt, following = prompt_positions(length, sources)
    raster = raster_positions(following, grids)
    assert prompt.shape == (3, length)
    assert prompt.dtype == raster.dtype == torch.int64
    expected = count_token_by_token(length, sources, grids)
    assert triples(torch.cat((prompt, raster), dim=1)) == expected


def test_nothing_is_kept_between_calls() -> None:
    source = [SourceSpan(start_index=2, height=2, width=2)]
    first = prompt_positions(9, source)[0]
    prompt_positions(30)
    raster_positions(4, [(4, 4)])
    assert torch.equal(prompt_positions(9, source)[0], first)


@pytest.mark.parametrize(
    "sources",
    [
        [SourceSpan(start_index=6, height=2, width=3)],
        [
            SourceSpan(start_index=1, height=2, width=2),
            SourceSpan(start_index=4, height=1, width=1),
        ],
        [
            SourceSpan(start_index=6, height=1, width=2),
            SourceSpan(start_index=1, height=1, width=2),
        ],
    ],
    ids=["beyond the prompt", "overlap", "wrong order"],
)
def test_spans_that_do_not_fit_are_refused(sources: list[SourceSpan]) -> None:
    with pytest.raises(ShapeError) as caught:
        prompt_positions(10, sources)
    assert caught.value.field == "sources"
    assert caught.value.hint


def test_batch_is_padded_on_the_left() -> None:
    short, long = prompt_positions(2)[0], prompt_positions(4)[0]
    batch = batch_positions([short, long])
    assert batch.shape == (3, 2, 4)
    assert batch[:, 0].tolist() == [[1, 1, 0, 1]] * 3
    assert torch.equal(batch[:, 1], long)
