"""Records refuse what does not fit."""

import numpy as np
import pytest
import torch

from glm_image.errors import ShapeError
from glm_image.types import (
    Conditioning,
    GeneratorInput,
    Image,
    Latents,
    PriorTokens,
    Prompt,
    Reference,
    Size,
    Source,
    SourceSpan,
)

IDS = torch.arange(6)


def test_upsampling_repeats_every_code_2x2() -> None:
    prior = PriorTokens(ids_n=IDS, grid=(2, 3))
    assert prior.upsampled().view(4, 6).tolist() == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 1, 1, 2, 2],
        [3, 3, 4, 4, 5, 5],
        [3, 3, 4, 4, 5, 5],
    ]


def test_records_know_their_size() -> None:
    reference = Reference(
        latents_chw=torch.zeros(4, 8, 12), prior_ids_n=torch.zeros(24, dtype=torch.int64)
    )
    assert reference.size == Size(64, 96)
    assert Image(pixels=np.zeros((5, 7, 3), np.uint8)).size == Size(5, 7)
    assert Prompt(text="a", size=Size(64, 96)).grid == (2, 3)
    made = GeneratorInput(ids_l=IDS, sources=(), rasters=((2, 2), (3, 5)))
    assert made.new_tokens == 19
    assert str(Size(64, 96)) == "96x64"


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: PriorTokens(ids_n=IDS, grid=(2, 2)), "ids_n"),
        (lambda: PriorTokens(ids_n=IDS.float(), grid=(2, 3)), "ids_n"),
        (lambda: Prompt(text="a", size=Size(64, 65)), "size"),
        (lambda: Prompt(text="a", size=Size(0, 64)), "size"),
        (lambda: GeneratorInput(ids_l=IDS[None], sources=(), rasters=((1, 1),)), "ids_l"),
        (lambda: GeneratorInput(ids_l=IDS, sources=(), rasters=()), "rasters"),
        (lambda: GeneratorInput(ids_l=IDS, sources=(), rasters=((0, 4),)), "rasters"),
        (
            lambda: GeneratorInput(
                ids_l=IDS,
                sources=(SourceSpan(start_index=1, height=2, width=3),),
                rasters=((1, 1),),
            ),
            "sources",
        ),
        (
            lambda: Conditioning(glyph_sd=torch.zeros(1, 8), prior_ids_n=IDS, size=Size(64, 64)),
            "prior_ids_n",
        ),
        (
            lambda: Conditioning(
                glyph_sd=torch.zeros(0, 8), prior_ids_n=IDS[:4], size=Size(32, 32)
            ),
            "glyph_sd",
        ),
        (lambda: Latents(values_chw=torch.zeros(4, 8, 8), size=Size(64, 96)), "values_chw"),
        (lambda: Reference(latents_chw=torch.zeros(4, 8, 8), prior_ids_n=IDS), "prior_ids_n"),
        (
            lambda: Source(
                pixels_chw=torch.zeros(3, 64, 64), patches_np=torch.zeros(4, 9), grid=(2, 3)
            ),
            "pixels_chw",
        ),
        (
            lambda: Source(
                pixels_chw=torch.zeros(3, 64, 64), patches_np=torch.zeros(5, 9), grid=(2, 2)
            ),
            "patches_np",
        ),
        (lambda: Image(pixels=np.zeros((4, 4, 4), np.uint8)), "pixels"),
        (lambda: Image(pixels=np.zeros((4, 4, 3), np.float32)), "pixels"),  # type: ignore[arg-type]
    ],
)
def test_wrong_shapes_are_refused(make, field: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ShapeError) as caught:
        make()
    assert caught.value.field == field
