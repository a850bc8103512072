"""Files with low-rank changes of a decoder's weights, as diffusers and peft write them.

diffusers writes ``transformer.NAME.lora_A.weight`` into one file, and older versions
``NAME.lora.down.weight``; peft writes ``base_model.model.NAME.lora_A.weight`` into a folder with an
``adapter_config.json``.

Legend: r rank, i inputs, o outputs.

Source: Hu et al. 2022, section 4.1; reference behaviour: diffusers, CogView4LoraLoaderMixin; peft,
LoraConfig.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glm_image.checkpoint.safetensors_file import DTYPES, read_header, read_tensor
from glm_image.errors import CheckpointError, NotFoundError

_ADAPTER = "adapter_model.safetensors"
_ADAPTER_CONFIG = "adapter_config.json"
_DIFFUSERS = "pytorch_lora_weights.safetensors"

_PREFIX = re.compile(r"^(base_model\.model\.)?(transformer\.)?(?=\w)")
_PARTS = re.compile(
    r"(?P<layer>.+?)(?:\.(?P<down>lora_A|lora\.down|lora_down)(?:\.\w+)?\.weight"
    r"|\.(?P<up>lora_B|lora\.up|lora_up)(?:\.\w+)?\.weight|\.(?P<alpha>alpha))$"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoraLayer:
    """The change of one linear layer: ``factor * up @ down``.

    Args:
        down_ri: ``[r, in]``.
        up_or: ``[out, r]``.
        factor: What the file scales the product by, ``alpha / r``.
    """

    down_ri: Tensor
    up_or: Tensor
    factor: float


@dataclass(frozen=True, kw_only=True)
class LoraFile:
    """What a file holds.

    Args:
        layers: By published name of the layer.
        base: Model that it was made for, as far as the file says; else empty.
    """

    layers: Mapping[str, LoraLayer]
    base: str


def read(path: Path) -> LoraFile:
    """Read a file, or a folder with one.

    Raises:
        NotFoundError: There is no such file.
        CheckpointError: It is damaged, or holds something else; every problem is listed.
    """
    file = _find(path)
    config = _config(file.with_name(_ADAPTER_CONFIG)) if file.name == _ADAPTER else {}
    problems: list[str] = []
    entries = read_header(file, problems)
    parts: dict[str, dict[str, Tensor]] = {}
    with file.open("rb", buffering=0) as opened:
        for name, entry in entries.items():
            match = _PARTS.fullmatch(_PREFIX.sub("", name))
            if match is None or entry.dtype not in DTYPES:
                problems.append(f"unexpected {name} {list(entry.shape)} {entry.dtype}")
                continue
            kind = next(kind for kind in ("down", "up", "alpha") if match[kind])
            parts.setdefault(match["layer"], {})[kind] = read_tensor(opened, entry)
    layers = {}
    for name, found in sorted(parts.items()):
        layer = _layer(name, found, config, problems)
        if layer is not None:
            layers[name] = layer
    if not layers and not problems:
        problems.append("it changes no layer")
    if problems:
        raise CheckpointError(
            f"{file} has {len(problems)} problems", problems, field="lora", hint="fetch it again"
        )
    return LoraFile(layers=layers, base=str(config.get("base_model_name_or_path") or ""))


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    for name in (_ADAPTER, _DIFFUSERS):
        if (path / name).is_file():
            return path / name
    raise NotFoundError(
        f"{path} is neither a file nor a folder with {_ADAPTER} or {_DIFFUSERS}",
        field="lora",
        hint="give the .safetensors file",
    )


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON: {error}", field="lora") from error
    kept = [name for name in ("use_dora", "lora_bias") if config.get(name)]
    if kept or config.get("peft_type", "LORA") != "LORA" or config.get("bias", "none") != "none":
        raise CheckpointError(
            f"{path} asks for more than low-rank changes: {kept or config.get('peft_type')}",
            field="lora",
            hint="plain LoRA without biases is read",
        )
    return dict(config)


def _layer(
    name: str, found: Mapping[str, Tensor], config: Mapping[str, Any], problems: list[str]
) -> LoraLayer | None:
    missing = [kind for kind in ("down", "up") if kind not in found]
    if missing:
        problems.append(f"{name}: missing {' and '.join(missing)}")
        return None
    down_ri, up_or = found["down"], found["up"]
    if down_ri.ndim != 2 or up_or.ndim != 2 or len(down_ri) != up_or.shape[1] or not len(down_ri):
        problems.append(
            f"{name}: ranks differ, {list(down_ri.shape)} down and {list(up_or.shape)} up"
        )
        return None
    if not bool(torch.isfinite(down_ri).all() & torch.isfinite(up_or).all()):
        problems.append(f"{name}: has values not finite")
        return None
    rank = len(down_ri)
    own = [value for key, value in (config.get("alpha_pattern") or {}).items() if key in name]
    alpha = (
        float(found["alpha"])
        if "alpha" in found
        else float(own[0] if own else config.get("lora_alpha", rank))
    )
    factor = alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)
    return LoraLayer(down_ri=down_ri, up_or=up_or, factor=factor)
