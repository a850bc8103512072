"""Tables whose rows are sums over attributes."""

import pytest
import torch
from torch import Tensor, nn

from glm_image.training.factored import factorise, plain, refit
from glm_image.training.seeds import seeded

ROWS = [("text", "A", "red"), ("text", "A", "blue"), ("text", "B", "red"), (), ("shape",)]


def table(seed: int = 0, rows: int = 7) -> nn.Embedding:
    """Five described rows and two further ones."""
    embedding = nn.Embedding(rows, 16)
    factorise(embedding, ROWS, std=1.0, rng=seeded(seed))
    return embedding


def test_rows_are_sums_of_their_attributes() -> None:
    weight = table().weight.detach()
    # red - blue is the same vector for every letter; here it follows from A and B.
    factors = dict(table().named_parameters())["parametrizations.weight.0.factors"].detach()
    text, a, red, blue, b, shape, nothing = factors
    assert not nothing.any()
    expected = torch.stack([text + a + red, text + a + blue, text + b + red])
    assert torch.allclose(weight[:3], expected)
    assert torch.allclose(weight[4], shape)


def test_rows_without_attributes_have_values_of_their_own() -> None:
    weight = table().weight.detach()
    own = weight[[3, 5, 6]]
    assert (own.std(dim=1) > 0.5).all()
    assert len({tuple(row.tolist()) for row in own}) == 3


def test_the_parameters_are_named_as_in_checkpoints() -> None:
    assert set(table().state_dict()) == {
        "parametrizations.weight.original",
        "parametrizations.weight.0.factors",
    }


def test_plain_keeps_the_rows() -> None:
    outer = nn.ModuleDict({"table": table(), "head": nn.Linear(4, 5, bias=False), "x": nn.ReLU()})
    factorise(outer["head"], ROWS, std=0.1, rng=seeded(1))
    x_bd = torch.randn(3, 4)
    before = outer["table"].weight.detach().clone()
    logits = outer["head"](x_bd)
    plain(outer)
    assert set(outer.state_dict()) == {"table.weight", "head.weight"}
    assert torch.equal(outer["table"].weight, before)
    assert torch.equal(outer["head"](x_bd), logits)
    assert outer["table"].weight.requires_grad
    plain(outer)


def test_refit_takes_the_rows_and_finds_what_they_share() -> None:
    rows, refitted = table(seed=1).weight.detach().clone(), table(seed=2)
    assert not torch.allclose(refitted.weight, rows, atol=0.1)
    refit(refitted, rows)
    assert torch.allclose(refitted.weight, rows, atol=1e-6)
    own, factors = refitted.parametrizations.weight.original, dict(refitted.named_parameters())
    # What the attributes explain is not left to the rows; rows without any keep all of it.
    assert own[[0, 1, 2, 4]].norm() < 0.05 * rows[[0, 1, 2, 4]].norm()
    assert torch.allclose(own[[3, 5, 6]], rows[[3, 5, 6]])
    assert not factors["parametrizations.weight.0.factors"][-1].any()


def test_what_one_row_learns_its_relatives_learn_too() -> None:
    embedding = table()
    before = embedding.weight.detach().clone()
    optimiser = torch.optim.SGD(embedding.parameters(), lr=0.1)
    embedding(torch.tensor([0])).sum().backward()  # a red A
    optimiser.step()
    moved = (embedding.weight.detach() - before)[:, 0]
    # Three shared vectors and the row itself, two shared, two shared, none, none.
    assert torch.allclose(moved[:5], torch.tensor([-0.4, -0.2, -0.2, 0.0, 0.0]), atol=1e-6)


def test_the_empty_attribute_stays_zero() -> None:
    embedding = table()
    embedding(torch.arange(7)).sum().backward()
    gradient = embedding.get_parameter("parametrizations.weight.0.factors").grad
    assert gradient is not None
    assert not gradient[-1].any()
    assert gradient[:-1].any(dim=1).all()


def test_equal_random_states_align_two_tables() -> None:
    rows: Tensor = table(seed=3).weight[:3]
    assert torch.equal(rows, table(seed=3, rows=5).weight[:3])
    assert not torch.equal(rows, table(seed=4).weight[:3])


def test_a_module_without_a_table_is_refused() -> None:
    layer = nn.LayerNorm(4, elementwise_affine=False)
    with pytest.raises(TypeError, match="no weight"):
        factorise(layer, ROWS, std=1.0, rng=seeded(0))


def test_attributes_may_start_from_given_vectors() -> None:
    embedding = nn.Embedding(7, 16)
    factorise(embedding, ROWS, std=1.0, rng=seeded(0), start={"shape": torch.arange(16.0)})
    assert torch.equal(embedding.weight[4], torch.arange(16.0))
    assert torch.equal(embedding.weight[:3], table().weight[:3])
