"""Second stage: the generator writes each picture as a raster of semantic codes.

The length is known from the grid, so nothing waits for an end token and every chosen id is a code.
The randomness is handed in, one number per token and picture. Pictures of one call are written
together.

Legend: p pictures, n new tokens.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.execution.plan import GeneratorPlan
from glm_image.models.generator import Generator
from glm_image.pipeline.sampling import Sampler
from glm_image.pipeline.writing import Writing, Written
from glm_image.types import GeneratorInput, Grid, PriorTokens

_PLAIN = GeneratorPlan()


def generate(
    generator: Generator,
    requests: Sequence[GeneratorInput],
    sources: Sequence[tuple[PriorTokens, ...]],
    rows: Sequence[int],
    sampler: Sampler,
    uniforms_pn: Tensor,
    on_token: Callable[[], None],
    *,
    plan: GeneratorPlan = _PLAIN,
) -> list[Written]:
    """Write one raster of codes per picture.

    Args:
        generator: The networks.
        requests: Distinct prompts; all write the same rasters.
        sources: Codes of the source images of each request.
        rows: Index of the request that each picture belongs to.
        sampler: How a token is chosen.
        uniforms_pn: One number in [0, 1) per picture and token, fp32.
        on_token: Called for each token that all pictures have.
        plan: How the generator runs.

    Raises:
        ShapeError: The rasters differ, or there are too few random numbers.
    """
    rasters = requests[0].rasters
    count = requests[0].new_tokens
    if any(request.rasters != rasters for request in requests):
        raise ShapeError(
            "pictures of one call have different grids",
            field="requests",
            hint="make pictures of different sizes one after another",
        )
    if tuple(uniforms_pn.shape) != (len(rows), count):
        raise ShapeError(
            f"got {tuple(uniforms_pn.shape)}, expected {(len(rows), count)}", field="uniforms_pn"
        )
    longest = max(len(request.ids_l) for request in requests)
    writing = Writing(generator, rows=len(rows), tokens=longest + count, plan=plan)
    picture_of: dict[int, int] = {}
    for number, (request, codes) in enumerate(zip(requests, sources, strict=True)):
        pictures = [picture for picture, row in enumerate(rows) if row == number]
        begun = writing.admit(request, codes, sampler, uniforms_pn[pictures])
        picture_of |= zip(begun, pictures, strict=True)
    written: dict[int, Written] = {}
    reported = 0
    while writing.busy:
        finished = writing.step()
        written |= {picture_of.pop(one.row): one.written for one in finished}
        everywhere = min((writing.done(row) for row in picture_of), default=count)
        for _ in range(everywhere - reported):
            on_token()
        reported = everywhere
    return [written[picture] for picture in range(len(rows))]


def given(
    codes: Sequence[Tensor],
    sources: Sequence[tuple[PriorTokens, ...]],
    rows: Sequence[int],
    grid: Grid,
) -> list[Written]:
    """Take codes from the caller instead of writing them.

    Args:
        codes: ``[th*tw]`` int64 per picture.
        sources: Codes of the source images of each request.
        rows: Index of the request that each picture belongs to.
        grid: ``(th, tw)``.
    """
    return [
        Written(prior=PriorTokens(ids_n=ids_n, grid=grid, sources=sources[row]))
        for ids_n, row in zip(codes, rows, strict=True)
    ]
