"""Guessing ahead with the bundled model: the same codes in a fraction of the passes."""

import pytest
import torch

from glm_image.execution.plan import GeneratorPlan
from glm_image.pipeline import prompt
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.sampling import Sampler
from glm_image.pipeline.system import System
from glm_image.pipeline.writing import Writing, Written
from glm_image.types import Prompt

pytestmark = pytest.mark.parity

WORDS = 'a plain blue background, "HELLO" in the center in white'


@pytest.fixture(scope="module")
def system() -> System:
    return GlmImagePipeline.from_pretrained(None, plan="plain", device="cpu").system


def write(system: System, temperature: float, window: int) -> tuple[Written, int]:
    """What is written, and in how many passes."""
    asked = Prompt(text=WORDS, size=system.default_size)
    request = prompt.encode(system.text_tokenizer, asked, system.max_tokens)
    tokens = len(request.ids_l) + request.new_tokens
    plan = GeneratorPlan(window=window)
    writing = Writing(system.generator, rows=1, tokens=tokens, plan=plan)
    uniforms = torch.rand((1, request.new_tokens), generator=torch.Generator().manual_seed(3))
    writing.admit(request, (), Sampler(temperature=temperature, top_p=1.0), uniforms)
    for passes in range(1, request.new_tokens + 1):
        for finished in writing.step():
            return finished.written, passes
    raise AssertionError("a pass wrote nothing")


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_window_keeps_the_codes_and_saves_passes(system: System, temperature: float) -> None:
    single, many = write(system, temperature, 1)
    windowed, few = write(system, temperature, 16)
    assert torch.equal(windowed.prior.ids_n, single.prior.ids_n)
    assert windowed.health == single.health
    assert single.health is not None
    assert many == single.health.tokens
    assert few * 3 < many
