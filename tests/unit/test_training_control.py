"""A decoder learns to draw after control pictures, from pairs in a folder to a checkpoint."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import tiny_cogview4
from glm_image.cli.main import main
from glm_image.data.control_pairs import PAIRS_FILE, read_pairs
from glm_image.errors import InputError, NotFoundError
from glm_image.image.size_rule import SizeRule
from glm_image.models.cogview4_dit import CogView4DiT, CogView4Inputs
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.training.control import ControlMix, ControlTask, control_decoder
from glm_image.training.control_run import ControlWorkshop
from glm_image.training.loop import RunConfig
from glm_image.training.optim import OptimConfig
from glm_image.training.seeds import seeded

RULE = SizeRule(side=64)


def picture(seed: int, width: int = 64, height: int = 64) -> Image.Image:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    return Image.fromarray(np.kron(blocks, np.ones((16, 16, 1), dtype=np.uint8)))


def pairs_in(folder: Path, sizes: tuple[tuple[int, int], ...] = ((64, 64),) * 4) -> Path:
    folder.mkdir()
    lines = []
    for index, (width, height) in enumerate(sizes):
        drawn = picture(index, width, height)
        drawn.save(folder / f"{index}.png")
        drawn.convert("L").save(folder / f"{index}-grey.png")
        names = {"picture": f"{index}.png", "control": f"{index}-grey.png"}
        lines.append(json.dumps({**names, "prompt": "blocks " * (index + 1)}))
    (folder / PAIRS_FILE).write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


def shop(model: Path, place: Path, pairs: Path, steps: int) -> ControlWorkshop:
    optim = OptimConfig(lr=4e-3, matrix_lr=0.0, warmup=5)
    config = RunConfig(
        steps=steps, optim=optim, ema_decay=0.9, log_every=10, save_every=steps, autocast=False
    )
    mix = ControlMix(batch=2, held_out=0)
    return ControlWorkshop(model=model, pairs=pairs, folder=place, config=config, mix=mix)


def task_of(made: ControlWorkshop) -> ControlTask:
    task = made.run().task
    assert isinstance(task, ControlTask)
    return task


# ------------------------------------------------------------------------- the decoder


def inputs(control: torch.Tensor | None) -> CogView4Inputs:
    size = torch.full((1, 2), 64.0)
    return CogView4Inputs(
        glyph_bsd=torch.randn(1, 16, 32, generator=seeded(1)),
        glyph_mask_bs=None,
        target_size_b2=size,
        crop_b2=torch.zeros(1, 2),
        original_size_b2=size,
        control_bchw=control,
    )


@torch.no_grad()
def test_a_new_control_decoder_draws_as_it_did_before(model: Path) -> None:
    plain = CogView4Pipeline.from_pretrained(model, device="cpu", plan="plain").system.dit
    wide = control_decoder(plain)
    assert wide.config.takes_control
    latents, time = torch.randn(1, 4, 8, 8, generator=seeded(2)), torch.tensor([500.0])
    control = torch.randn(1, 4, 8, 8, generator=seeded(3))
    expected = plain(latents, inputs(None), timestep_b=time)
    torch.testing.assert_close(wide(latents, inputs(control), timestep_b=time), expected)
    again = control_decoder(wide)
    for name, weight in wide.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)


def test_every_weight_gets_a_gradient(model: Path, tmp_path: Path) -> None:
    task = task_of(shop(model, tmp_path / "run", pairs_in(tmp_path / "pairs"), 1))
    task(task.draw(random.Random(0), 0), seeded(0))[0].backward()
    for name, parameter in task.named_parameters():
        assert parameter.requires_grad is name.startswith("dit."), name
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name
    grad = task.dit.image_projector.proj.weight.grad
    assert grad is not None
    assert float(grad[:, 16:].abs().max()) > 0


# ------------------------------------------------------------------------- the run


def test_the_loss_falls_and_the_checkpoint_draws(model: Path, tmp_path: Path) -> None:
    pairs = pairs_in(tmp_path / "pairs", ((64, 64), (64, 64), (96, 64), (64, 64)))
    made = shop(model, tmp_path / "run", pairs, 60)
    run = made.run()
    with torch.no_grad():
        before = run.task.validate()["error"]
    after = run.train()["error"]
    assert after < 0.8 * before
    assert len(list((tmp_path / "run").rglob("*.png"))) == 1
    made.export(run, tmp_path / "model", torch.float32)
    pipe = CogView4Pipeline.from_pretrained(tmp_path / "model", device="cpu", plan="plain")
    dit = pipe.system.dit
    assert isinstance(dit, CogView4DiT)
    assert float(dit.image_projector.proj.weight[:, 16:].abs().max()) > 0
    one, two = (
        np.asarray(
            pipe("blocks", control_image=image, seed=1, num_inference_steps=2).images[0], dtype=int
        )
        for image in (picture(1), picture(2))
    )
    assert np.abs(one - two).max() > 1


def test_a_run_goes_on_where_it_was(model: Path, tmp_path: Path) -> None:
    pairs = pairs_in(tmp_path / "pairs")
    first = shop(model, tmp_path / "run", pairs, 2).run()
    first.train()
    second = shop(model, tmp_path / "run", pairs, 4).run()
    assert second.resume()
    assert second.step == 2
    for name, weight in first.task.state_dict().items():
        assert torch.equal(second.task.state_dict()[name], weight), name
    second.train()
    assert second.step == 4


def test_the_command_trains_and_writes(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, target = pairs_in(tmp_path / "pairs"), tmp_path / "model"
    words = ["train", "control", str(pairs), str(target), "--model", str(model), "--steps", "2"]
    words += ["--folder", str(tmp_path / "run"), "--batch", "2", "--device", "cpu", "--json"]
    assert main(words) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["path"], record["step"]) == (str(target), 2)
    assert record["validation"]["error"] > 0
    drawn = tmp_path / "a.png"
    words = ["generate", "blocks", "--model", str(target), "--control", str(pairs / "0-grey.png")]
    assert main([*words, "--steps", "2", "-q", "-o", str(drawn)]) == 0
    assert drawn.is_file()
    assert main(["train", "control", str(pairs), str(target), "--model", str(model)]) == 2
    assert "is not empty" in capsys.readouterr().err


# ------------------------------------------------------------------------- the pairs


def test_words_are_left_out_and_sizes_are_kept_apart(model: Path, tmp_path: Path) -> None:
    pairs = pairs_in(tmp_path / "pairs", ((64, 64), (96, 64), (96, 64)))
    task = task_of(shop(model, tmp_path / "run", pairs, 1))
    for seed in range(8):
        chosen = task.draw(random.Random(seed), 0)
        assert len({task.learned[index].size for index in chosen.pairs}) == 1
        assert len(chosen.pairs) == len(chosen.words) == 2
    both = task.learned[1:]
    told = task.loss(both, [both[0].prompt, ""], seeded(1))
    untold = task.loss(both, ["", ""], seeded(1))
    assert not torch.equal(told, untold)


def test_every_line_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    folder = pairs_in(tmp_path / "pairs", ((64, 64), (64, 64), (80, 64)))
    picture(9, 32, 32).save(folder / "1-grey.png")
    with (folder / PAIRS_FILE).open("a") as file:
        file.write('\nnonsense\n{"picture": "0.png"}\n')
        file.write('{"picture": "none.png", "control": "0.png", "prompt": "x"}\n[1]\n')
    with pytest.raises(InputError) as caught:
        read_pairs(folder, RULE)
    text = str(caught.value)
    for part in (
        "line 2: the picture is 64x64, its control picture 32x32",
        "line 3: 80x64 is not drawn, the nearest size is 96x64",
        "line 4: no JSON",
        "line 5: control, prompt missing",
        "line 6",
        "line 7: no object",
    ):
        assert part in text
    assert "line 1:" not in text


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=PAIRS_FILE):
        read_pairs(tmp_path, RULE)
    (tmp_path / PAIRS_FILE).write_text("\n")
    with pytest.raises(InputError, match="no pair"):
        read_pairs(tmp_path, RULE)


@pytest.mark.parametrize(
    ("flag", "value"), [("--steps", "0"), ("--batch", "0"), ("--rate", "0"), ("--held-out", "-1")]
)
def test_numbers_out_of_range_are_refused(
    flag: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "control", str(tmp_path), str(tmp_path / "x"), flag, value]) == 2
    assert f"{flag}: got" in capsys.readouterr().err
