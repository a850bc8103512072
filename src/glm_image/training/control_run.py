"""From a checkpoint of CogView4 and a folder of pairs to one that takes control pictures."""

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from glm_image.checkpoint import cogview4
from glm_image.checkpoint.holdings import fill
from glm_image.checkpoint.published import documents_of
from glm_image.checkpoint.reader import Target
from glm_image.data.control_pairs import ControlPair, read_pairs
from glm_image.device import Device, resolve
from glm_image.pipeline.cogview4 import CogView4System, encode_texts
from glm_image.pipeline.system import find
from glm_image.training.control import ControlMix, ControlTask, control_decoder
from glm_image.training.loop import Run, RunConfig
from glm_image.training.parallel import Ranks

_CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class ControlWorkshop:
    """Where a decoder learns to draw after control pictures.

    Attributes:
        model: Folder or repository of a checkpoint of CogView4, with control pictures or without.
        pairs: Folder with ``pairs.jsonl``, see :mod:`glm_image.data.control_pairs`.
        folder: Of the run: figures, samples and the last state.
        config: How long and how it is trained.
        mix: What the steps are made of.
    """

    model: str | Path
    pairs: Path
    folder: Path
    config: RunConfig
    mix: ControlMix

    def run(self) -> Run:
        """The run; prompts are encoded once, after which the text encoder is not needed.

        Raises:
            NotFoundError: There is no such model or no list of pairs.
            CheckpointError: Configs or weights are wrong; every problem is listed.
            InputError: Pairs cannot be used; every line is named.
        """
        place = Ranks.from_environment().device(self.config.device)
        device = resolve(str(place), None)
        system = self._outline(device)
        pairs = read_pairs(self.pairs, system.rule)
        _map(system)
        states = _read_words(system, pairs, device)
        dit, vae = control_decoder(system.dit), deepcopy(system.vae).float()
        task = ControlTask(dit, vae, system.schedule, pairs, states, self.mix)
        return Run(task, self.config, self.folder)

    def export(self, run: Run, target: Path, dtype: torch.dtype | None = torch.bfloat16) -> None:
        """Write the averaged weights of a run as a checkpoint; the rest is that of the model.

        Args:
            run: What :meth:`run` gave, trained.
            target: The new folder.
            dtype: Dtype of its weights.

        Raises:
            CheckpointError: The folder cannot be written.
        """
        system = self._outline(resolve("cpu", None))
        _map(system)
        dit = control_decoder(system.dit)
        with run.ema.applied():
            weights = run.task.state_dict()
            dit.load_state_dict({name: weights[f"dit.{name}"] for name in dit.state_dict()})
        trained = replace(system, dit=dit)
        cogview4.save(trained, target, dtype=dtype, documents=documents_of(system.source))

    def _outline(self, device: Device) -> CogView4System:
        parts = cogview4.outline(find(self.model))
        return CogView4System.of(parts, str(self.model), device)


def _map(system: CogView4System) -> None:
    """Leave the weights in their files, where they take no memory until they are copied."""
    fill(system, system.source, Target(dtype=torch.float32, device=_CPU, mapped=True))


def _read_words(
    system: CogView4System, pairs: list[ControlPair], device: Device
) -> dict[str, Tensor]:
    """States of all prompts and of the empty one, on the CPU."""
    encoder = deepcopy(system.text_encoder).to(device.torch_device, device.dtype)
    texts = ["", *(pair.prompt for pair in pairs)]
    states = encode_texts(encoder, system.tokenizer, texts, device)
    # Cloned, because what was made without gradients cannot be saved for them.
    return {text: one.to(_CPU, torch.float32).clone() for text, one in states.items()}
