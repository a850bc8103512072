"""The auxiliary heads read the layers that they watch, and teach those below."""

import random

import torch
from torch import Tensor

import tiny_training
from glm_image.training.plan import PlanHeads
from glm_image.training.seeds import seeded

HEAD = torch.randn(16, 32, generator=seeded(2))


def plans(tokens: int) -> Tensor:
    known = torch.randint(16, (5, 2, tokens), generator=seeded(1))
    known[:, :, : tokens // 2] = -100
    return known


def test_the_loss_of_a_guess_falls_as_heads_and_layers_learn() -> None:
    stack = tiny_training.generator().language_model
    heads = PlanHeads(stack, early=0, late=0)
    x_btd = torch.randn(2, 6, stack.config.hidden_size, generator=seeded(0))
    positions = torch.arange(6).expand(3, 2, 6)
    answers = plans(6)
    head_vd = HEAD.clone().requires_grad_()
    learned = [*heads.parameters(), *stack.parameters(), head_vd]
    optimiser = torch.optim.Adam(learned, lr=0.02)
    losses = []
    for _ in range(40):
        stack(x_btd, positions)
        loss = heads(answers, head_vd)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[0] > torch.tensor([16.0, 16, 17, 17]).log().mean()
    assert losses[-1] < 0.1 * losses[0]


def test_the_stack_learns_from_it() -> None:
    stack = tiny_training.generator().language_model
    heads = PlanHeads(stack, early=0, late=0)
    x_btd = torch.randn(2, 6, stack.config.hidden_size, generator=seeded(0))
    stack(x_btd, torch.arange(6).expand(3, 2, 6))
    heads(plans(6), HEAD).backward()
    assert all(p.grad is not None and p.grad.any() for p in stack.layers[0].parameters())
    assert stack.norm.weight.grad is None


def test_a_step_of_the_generator_learns_from_it() -> None:
    task = tiny_training.generator_task()
    with torch.no_grad():
        figures = task(task.draw(random.Random(0), 0), seeded(0))[1]
    assert figures["plan"] > 0
