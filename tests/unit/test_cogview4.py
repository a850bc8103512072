"""CogView4: what it draws, what it refuses, and the reference's defects that it does not have."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

import glm_image
import tiny_cogview4
from glm_image.checkpoint.safetensors_file import write_file
from glm_image.errors import CheckpointError, InputError, ShapeError
from glm_image.image.size_rule import SizeRule
from glm_image.image.transforms import to_pixels
from glm_image.models.cogview4_dit import CogView4DiT, CogView4Inputs
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.cogview4 import encode_texts
from glm_image.pipeline.cogview4_api import CogView4Pipeline
from glm_image.types import Size

PUBLISHED = SizeRule(side=1024)


def array(result: glm_image.Result, index: int = 0) -> np.ndarray:
    return np.asarray(result.images[index], dtype=np.int16)


def picture(height: int = 64, width: int = 64) -> PilImage.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([columns * 3, rows * 3, (rows + columns) % 16 * 15], axis=-1)
    return PilImage.fromarray((pixels % 256).astype(np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "tiny")


@pytest.fixture(scope="module")
def control_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cogview4.build(tmp_path_factory.mktemp("cogview4") / "control", control=True)


@pytest.fixture(scope="module")
def pipe(folder: Path) -> CogView4Pipeline:
    return CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def control(control_folder: Path) -> CogView4Pipeline:
    return CogView4Pipeline.from_pretrained(control_folder, device="cpu", dtype="float32")


# ------------------------------------------------------------------------- loading


def test_load_gives_the_pipeline_of_the_folder(folder: Path, tiny_checkpoint: Path) -> None:
    assert isinstance(glm_image.load(folder, device="cpu"), CogView4Pipeline)
    assert isinstance(glm_image.load(tiny_checkpoint, device="cpu"), GlmImagePipeline)


def test_another_pipeline_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(CheckpointError, match="FluxPipeline"):
        glm_image.load(tmp_path)


def test_each_pipeline_refuses_the_other_model(folder: Path, tiny_checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match="only GLM-Image is meant"):
        GlmImagePipeline.from_pretrained(folder, device="cpu")
    with pytest.raises(CheckpointError, match="only CogView4 is meant"):
        CogView4Pipeline.from_pretrained(tiny_checkpoint, device="cpu")


def test_the_last_layer_is_not_loaded(pipe: CogView4Pipeline) -> None:
    names = pipe.system.text_encoder.state_dict()
    assert "language_model.layers.1.mlp.down_proj.weight" in names
    assert not [name for name in names if ".layers.2." in name or name == "norm.weight"]


def test_missing_and_extra_weights_are_listed_at_once(tmp_path: Path) -> None:
    folder = tiny_cogview4.build(tmp_path / "broken")
    file = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    whole = CogView4Pipeline.from_pretrained(folder, device="cpu", plan="plain").system.dit
    tensors = {
        name.replace("image_projector.proj", "patch_embed.proj"): value
        for name, value in whole.state_dict().items()
        if not name.startswith(("text_projector", "proj_out"))
    }
    file.unlink()
    write_file(file, {**tensors, "stranger": torch.ones(3)}, None)
    with pytest.raises(CheckpointError) as caught:
        CogView4Pipeline.from_pretrained(folder, device="cpu")
    text = "\n".join(caught.value.problems)
    for name in ("patch_embed.text_proj.weight", "proj_out.bias", "unexpected stranger"):
        assert name in text


def test_settings_that_do_not_fit_are_listed_at_once(tmp_path: Path) -> None:
    folder = tiny_cogview4.build(tmp_path / "broken")
    for name, change in (("transformer", {"text_embed_dim": 48}), ("vae", {"act_fn": "gelu"})):
        path = folder / name / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change, "odd": 1}))
    with pytest.raises(CheckpointError) as caught:
        CogView4Pipeline.from_pretrained(folder, device="cpu")
    assert len(caught.value.problems) == 3


def test_fp16_is_refused_with_the_reason(folder: Path) -> None:
    with pytest.raises(InputError, match="black"):
        CogView4Pipeline.from_pretrained(folder, dtype=torch.float16)


# ------------------------------------------------------------------------- drawing


def test_a_batch_of_unequal_prompts_equals_single_calls(pipe: CogView4Pipeline) -> None:
    prompts = ["a", "a much longer prompt that fills more than one step of padding"]
    together = pipe(prompts, seed=[1, 2], num_inference_steps=3, negative_prompt=["", "dull" * 9])
    for index, (prompt, negative) in enumerate(zip(prompts, ["", "dull" * 9], strict=True)):
        alone = pipe(
            prompt, seed=index + 1, num_inference_steps=3, negative_prompt=negative or None
        )
        assert np.abs(array(together, index) - array(alone)).max() <= 1


def test_states_do_not_depend_on_neighbours(pipe: CogView4Pipeline) -> None:
    system = pipe.system
    texts = ["a", "b" * 60]
    both = encode_texts(system.text_encoder, system.tokenizer, texts, system.device)
    for text in texts:
        alone = encode_texts(system.text_encoder, system.tokenizer, [text], system.device)
        assert torch.equal(both[text], alone[text])


def test_a_text_mask_masks(pipe: CogView4Pipeline) -> None:
    dit = pipe.system.dit
    assert isinstance(dit, CogView4DiT)
    generator = torch.Generator().manual_seed(0)
    text, latents = torch.randn(1, 16, 32, generator=generator), torch.randn(1, 4, 8, 8)
    size, zero = torch.tensor([[64.0, 64.0]]), torch.zeros(1, 2)
    mask = torch.ones(1, 16, dtype=torch.bool)
    mask[:, :9] = False

    def velocity(text_bsd: torch.Tensor, mask_bs: torch.Tensor | None) -> torch.Tensor:
        inputs = CogView4Inputs(
            glyph_bsd=text_bsd,
            glyph_mask_bs=mask_bs,
            target_size_b2=size,
            crop_b2=zero,
            original_size_b2=size,
        )
        with torch.no_grad():
            out: torch.Tensor = dit(latents, inputs, timestep_b=torch.tensor([500.0]))
        return out

    changed = text.clone()
    changed[:, :9] += 5.0
    torch.testing.assert_close(velocity(text, mask), velocity(changed, mask))
    torch.testing.assert_close(velocity(text, mask), velocity(text[:, 9:], None))
    assert not torch.allclose(velocity(text, None), velocity(changed, None))
    with pytest.raises(ShapeError, match="boolean"):
        velocity(text, mask.float())


def test_latents_stay_in_fp32_unless_compat_is_asked_for(folder: Path) -> None:
    rounded = CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="bfloat16", plan="plain")
    seen: dict[bool, list[torch.Tensor]] = {False: [], True: []}
    from glm_image.pipeline import denoise

    step = denoise.Denoising.step
    for compat in seen:

        def keep(self: denoise.Denoising, compat: bool = compat) -> denoise.Step | None:
            done = step(self)
            if done is not None:
                seen[compat].append(done.latents_bchw)
            return done

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(denoise.Denoising, "step", keep)
            rounded("a", seed=1, num_inference_steps=3, compat=compat)
    exact = [torch.equal(one, one.bfloat16().float()) for one in seen[False]]
    assert not any(exact)
    assert all(torch.equal(one, one.bfloat16().float()) for one in seen[True])


def test_a_negative_prompt_acts(pipe: CogView4Pipeline) -> None:
    plain = pipe("a", seed=1, num_inference_steps=3)
    away = pipe("a", seed=1, num_inference_steps=3, negative_prompt="a dull thing")
    assert np.abs(array(plain) - array(away)).max() > 1
    assert away.pictures[0].provenance["negative_prompt"] == "a dull thing"


def test_a_picture_to_start_from_is_kept_by_small_strength(pipe: CogView4Pipeline) -> None:
    source = picture()
    kept, changed = (
        pipe("a", image=source, strength=strength, seed=1, num_inference_steps=10)
        for strength in (0.1, 0.9)
    )
    vae = pipe.system.vae
    with torch.no_grad():
        plain = vae.decode(vae.encode(to_pixels(source)[None]))[0]
    same = ((plain / 2 + 0.5).clamp(0, 1) * 255).permute(1, 2, 0).numpy()
    near, far = (np.abs(array(one) - same).mean() for one in (kept, changed))
    assert near < 0.5 * far
    assert kept.pictures[0].provenance["method"] == "image to image by strength, of this package"


def test_a_long_prompt_is_cut_with_a_note(pipe: CogView4Pipeline) -> None:
    result = pipe("x" * 1030, seed=1, num_inference_steps=1, guidance_scale=1)
    assert result.notes == ["a prompt is too long, its last 8 tokens were left out"]


def test_markers_in_a_prompt_are_plain_text(pipe: CogView4Pipeline) -> None:
    ids = pipe.system.tokenizer.padded("<|user|>").ids
    assert ids[:6] == (tiny_cogview4.PAD,) * 6
    assert ids[6:8] == (tiny_cogview4.PAD + 1, tiny_cogview4.PAD + 2)
    assert tiny_cogview4.PAD + 3 not in ids


@pytest.mark.parametrize("plan", ["plain", "auto"])
def test_plans_draw_the_same(plan: str, folder: Path, pipe: CogView4Pipeline) -> None:
    other = CogView4Pipeline.from_pretrained(folder, device="cpu", dtype="float32", plan=plan)
    one, two = (p("a", seed=1, num_inference_steps=3) for p in (pipe, other))
    assert np.abs(array(one) - array(two)).max() <= 1


# ------------------------------------------------------------------------- control


def test_a_control_picture_acts(control: CogView4Pipeline) -> None:
    one, two = (
        control("a", control_image=image, seed=1, num_inference_steps=2)
        for image in (picture(), PilImage.new("RGB", (64, 64), "white"))
    )
    assert np.abs(array(one) - array(two)).max() > 1


def test_training_reaches_a_control_picture(control_folder: Path) -> None:
    dit = CogView4Pipeline.from_pretrained(control_folder, device="cpu", plan="plain").system.dit
    dit = CogView4DiT(dit.config)  # type: ignore[arg-type]
    latents = torch.randn(2, 4, 8, 8)
    inputs = CogView4Inputs(
        glyph_bsd=torch.randn(2, 16, 32),
        glyph_mask_bs=None,
        target_size_b2=torch.full((2, 2), 64.0),
        crop_b2=torch.zeros(2, 2),
        original_size_b2=torch.full((2, 2), 64.0),
        control_bchw=torch.randn(2, 4, 8, 8),
    )
    dit(latents, inputs, timestep_b=torch.tensor([100.0, 900.0])).square().mean().backward()
    grad = dit.image_projector.proj.weight.grad
    assert grad is not None
    assert float(grad[:, :16].abs().min()) > 0
    assert float(grad[:, 16:].abs().min()) > 0


# ------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("size", "nearest"),
    [
        (Size(500, 1024), "1024x512"),
        (Size(1030, 1024), "1024x1024"),
        (Size(2048, 2048), "1440x1440"),
        (Size(4096, 100), "512x2048"),
    ],
)
def test_sizes_outside_the_rule_name_the_nearest(size: Size, nearest: str) -> None:
    with pytest.raises(InputError) as caught:
        PUBLISHED.check(size)
    legal = PUBLISHED.nearest(size)
    assert PUBLISHED.allows(legal)
    assert f"the nearest is {nearest}" in str(caught.value.hint)


@pytest.mark.parametrize("size", [Size(512, 512), Size(2048, 1024), Size(1280, 736)])
def test_sizes_within_the_rule(size: Size) -> None:
    PUBLISHED.check(size)


def test_the_override_still_asks_for_sixteenths() -> None:
    PUBLISHED.check(Size(144, 208), any_size=True)
    with pytest.raises(InputError, match="208x150"):
        PUBLISHED.check(Size(150, 208), any_size=True)


REFUSED = {
    "size": ({"height": 64, "width": 48}, "height, width"),
    "no width": ({"height": 64}, "width"),
    "control on a plain model": ({"control_image": picture()}, "control_image"),
    "strength without image": ({"strength": 0.5}, "strength"),
    "negative without guidance": (
        {"negative_prompt": "x", "guidance_scale": 1.0},
        "negative_prompt",
    ),
    "negatives": ({"negative_prompt": ["x", "y"]}, "negative_prompt"),
    "noise": ({"latents": torch.zeros(1, 4, 8, 9)}, "latents"),
    "guidance": ({"guidance_scale": -1.0}, "guidance_scale"),
    "steps": ({"num_inference_steps": 1001}, "num_inference_steps"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_refused(name: str, pipe: CogView4Pipeline) -> None:
    arguments, field = REFUSED[name]
    with pytest.raises(InputError) as caught:
        pipe("a", **arguments)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_control_pictures_of_another_size_or_none_are_refused(control: CogView4Pipeline) -> None:
    with pytest.raises(InputError, match="96x64, the picture is 64x64"):
        control("a", control_image=picture(64, 96), height=64, width=64)
    with pytest.raises(InputError, match="missing"):
        control("a")
