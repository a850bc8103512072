"""CogView4 in the engine: many requests at once, each as if it were drawn alone."""

import numpy as np
import pytest

import tiny_cogview4
from glm_image.engine.engine import Engine
from glm_image.engine.job import Order
from glm_image.engine.runner import run
from glm_image.errors import InputError
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.pipeline.cogview4_request import CogView4Request, read
from glm_image.pipeline.params import CogView4Params, SamplingParams


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> CogView4Pipeline:
    folder = tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")
    return CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32")


def order(pipe: CogView4Pipeline, prompt: str, seed: int, guidance: float = 3.5) -> Order:
    request = CogView4Request(prompt=prompt, seeds=seed, num_images=2)
    pictures, notes = read(pipe.system, request)
    params = CogView4Params(steps=3, guidance=guidance)
    return Order(pictures=pictures, params=params, notes=notes)


def test_requests_side_by_side_are_those_of_the_pipeline(pipe: CogView4Pipeline) -> None:
    asked = [("a", 1, 3.5), ("a much longer prompt than that", 7, 3.5), ("b", 3, 1.0)]
    with Engine(pipe.system) as engine:
        tickets = [engine.submit(order(pipe, *one)) for one in asked]
        results = [ticket.result() for ticket in tickets]
    for (prompt, seed, guidance), result in zip(asked, results, strict=True):
        alone = pipe(
            prompt, seed=seed, num_images=2, num_inference_steps=3, guidance_scale=guidance
        )
        assert result.seeds == alone.seeds
        for one, other in zip(result.images, alone.images, strict=True):
            difference = np.asarray(one, dtype=int) - np.asarray(other, dtype=int)
            assert np.abs(difference).max() <= 1


def test_one_request_runs_in_the_callers_thread(pipe: CogView4Pipeline) -> None:
    result = run(pipe.system, order(pipe, "a", 1))
    assert len(result.images) == 2
    assert result.pictures[0].provenance["guidance_scale"] == 3.5


def test_parameters_of_the_other_model_are_refused(pipe: CogView4Pipeline) -> None:
    asked = order(pipe, "a", 1)
    with Engine(pipe.system) as engine, pytest.raises(InputError, match="SamplingParams"):
        engine.submit(Order(pictures=asked.pictures, params=SamplingParams()))
