"""The learning-rate schedule, and who updates what."""

from copy import deepcopy
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from glm_image.training.muon import PlainMuon
from glm_image.training.optim import OptimConfig, Optimisers, is_hidden_matrix, rate

CONFIG = OptimConfig(warmup=10, decay=0.5, floor=0.1)


def network() -> nn.ModuleDict:
    torch.manual_seed(0)
    parts = {"embed": nn.Embedding(6, 4), "hidden": nn.Linear(4, 4), "head": nn.Linear(4, 6)}
    return nn.ModuleDict(parts)


def loss(parts: nn.ModuleDict) -> Tensor:
    total: Tensor = parts["head"](parts["hidden"](parts["embed"](torch.arange(6)))).square().mean()
    return total


def test_the_rate_rises_stays_and_falls() -> None:
    shares = [rate(CONFIG, step, 100) for step in range(100)]
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert set(shares[10:50]) == {1.0}
    assert all(a > b for a, b in pairwise(shares[50:]))
    assert rate(CONFIG, 75, 100) == pytest.approx(0.55)
    assert rate(CONFIG, 100, 100) == pytest.approx(0.1)
    assert rate(CONFIG, 150, 100) == pytest.approx(0.1)


def test_short_runs_have_a_rate_too() -> None:
    assert all(0 < rate(OptimConfig(), step, 1) <= 1 for step in range(3))


@pytest.mark.parametrize(
    ("name", "shape", "hidden"),
    [
        ("layers.0.mlp.up.weight", (8, 4), True),
        ("layers.0.mlp.up.bias", (8,), False),
        ("conv.weight", (4, 4, 3, 3), False),
        ("gate.weight", (1, 4), False),
        ("language_model.embed_tokens.weight", (8, 4), False),
        ("lm_head.weight", (8, 4), False),
        ("proj_out.weight", (8, 4), False),
        ("image_projector.proj.weight", (8, 4), False),
        ("prior.parametrizations.weight.0.factors", (8, 4), False),
    ],
)
def test_muon_gets_the_hidden_matrices(name: str, shape: tuple[int, ...], hidden: bool) -> None:
    assert is_hidden_matrix(name, torch.zeros(shape)) is hidden


def test_each_parameter_has_one_optimiser() -> None:
    parts = network()
    parts["embed"].requires_grad_(False)
    optimisers = Optimisers(parts.named_parameters(), CONFIG)
    kinds = {
        isinstance(optimiser, torch.optim.Muon): [
            p.shape for group in optimiser.param_groups for p in group["params"]
        ]
        for optimiser, _ in optimisers.optimisers
    }
    assert kinds == {True: [(4, 4)], False: [(4,), (6, 4), (6,)]}


@pytest.mark.parametrize("matrix_lr", [0.0, 0.02])
def test_a_network_of_matrices_alone_can_be_trained(matrix_lr: float) -> None:
    layer = nn.Linear(4, 4, bias=False)
    optimisers = Optimisers(layer.named_parameters(), OptimConfig(matrix_lr=matrix_lr))
    before = layer.weight.detach().clone()
    layer(torch.ones(1, 4)).sum().backward()
    optimisers.step(0, 10)
    assert not torch.equal(layer.weight, before)


def test_a_step_lowers_the_loss_and_clears_the_gradients() -> None:
    parts = network()
    optimisers = Optimisers(parts.named_parameters(), OptimConfig(warmup=1, lr=0.01))
    losses = []
    for step in range(20):
        value = loss(parts)
        value.backward()
        losses.append(float(value.detach()))
        optimisers.step(step, 20)
        assert all(p.grad is None for p in parts.parameters())
    assert losses[-1] < 0.7 * losses[0]


def test_gradients_are_clipped_and_their_norm_is_told() -> None:
    layer = nn.Linear(1, 2, bias=False)
    (layer(torch.ones(1, 1)) * torch.tensor([30.0, 40.0])).sum().backward()
    gradient = layer.weight.grad
    assert gradient is not None
    kept = gradient
    norm = Optimisers(layer.named_parameters(), OptimConfig(clip=1.0)).step(0, 10)
    assert norm == pytest.approx(50.0)
    assert kept.norm() == pytest.approx(1.0)


def test_the_rate_of_a_step_reaches_every_group() -> None:
    optimisers = Optimisers(network().named_parameters(), CONFIG)
    optimisers.step(75, 100)
    rates = [group["lr"] for one, _ in optimisers.optimisers for group in one.param_groups]
    assert rates == pytest.approx([0.02 * 0.55, 1e-3 * 0.55])


def test_a_parameter_without_gradient_rests() -> None:
    parts = network()
    optimisers = Optimisers(parts.named_parameters(), OptimConfig(weight_decay=0.5))
    before = deepcopy(parts.state_dict())
    parts["embed"](torch.arange(6)).square().sum().backward()
    optimisers.step(0, 10)
    same = {name: torch.equal(value, before[name]) for name, value in parts.state_dict().items()}
    assert [name for name, equal in same.items() if not equal] == ["embed.weight"]


def test_state_goes_on_where_it_was() -> None:
    straight, first = network(), network()
    runs = [Optimisers(parts.named_parameters(), CONFIG) for parts in (straight, first)]
    for step in range(3):
        for parts, optimisers in zip((straight, first), runs, strict=True):
            loss(parts).backward()
            optimisers.step(step, 10)
    second = network()
    second.load_state_dict(first.state_dict())
    resumed = Optimisers(second.named_parameters(), CONFIG)
    resumed.load_state_dict(deepcopy(runs[1].state_dict()))
    for step in range(3, 6):
        for parts, optimisers in ((straight, runs[0]), (second, resumed)):
            loss(parts).backward()
            optimisers.step(step, 10)
    assert all(
        torch.equal(a, b) for a, b in zip(straight.parameters(), second.parameters(), strict=True)
    )
    with pytest.raises(ValueError, match=r"zip|shorter"):
        resumed.load_state_dict(runs[1].state_dict()[:1])


@pytest.mark.parametrize("shape", [(24, 40), (40, 24), (32, 32)])
def test_muon_without_bf16_is_torchs_but_for_its_rounding(shape: tuple[int, int]) -> None:
    def trained(kind: type[torch.optim.Muon]) -> tuple[Tensor, Tensor]:
        rng = torch.Generator().manual_seed(1)
        matrix = nn.Parameter(torch.randn(shape, generator=rng))
        optimiser = kind([matrix], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
        for _ in range(3):
            matrix.grad = torch.randn(shape, generator=rng)
            optimiser.step()
        return matrix.detach(), optimiser.state[matrix]["momentum_buffer"]

    start = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    ours, theirs = trained(PlainMuon), trained(torch.optim.Muon)
    assert torch.equal(ours[1], theirs[1])
    moved = float((theirs[0] - start).norm())
    assert float((ours[0] - theirs[0]).norm()) < 0.01 * moved


@pytest.mark.parametrize("quick", [False, True])
def test_muon_follows_the_device(quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glm_image.training.optim.multiplies_bf16", lambda _: quick)
    optimisers = Optimisers(network().named_parameters(), CONFIG)
    assert isinstance(optimisers.optimisers[0][0], PlainMuon) is not quick
