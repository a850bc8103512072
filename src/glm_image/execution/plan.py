"""The execution plan: how a system runs on a device. It is never saved with weights.

Every field belongs to a class of exactness that says what it may change:

- A: the same bits.
- B: the same mathematics in another order of summation.
- C: quantised weights.
- D: the same distribution; the same tokens under the same noise.
- E: an approximation, off unless asked for.
"""

from dataclasses import dataclass, field
from enum import StrEnum, auto


class LinearBackend(StrEnum):
    """Which library multiplies matrices (class B)."""

    TORCH = "torch"
    ONEDNN = "onednn"


class WeightFormat(StrEnum):
    """How the weights of linear layers are held.

    ``int8`` leaves the inputs of a layer as they are; ``int8-dynamic`` rounds them, too, which is
    faster for many rows.
    """

    STORED = "stored"
    FP8 = "fp8"
    INT8 = "int8"
    INT8_DYNAMIC = "int8-dynamic"
    INT4 = "int4"


class Attention(StrEnum):
    """Which kernel attends (class B); ``auto`` takes the fastest that is there."""

    AUTO = auto()
    CUDNN = auto()
    FLASH = auto()
    EFFICIENT = auto()
    MATH = auto()


class Offload(StrEnum):
    """Where weights wait while they are not needed (class A)."""

    NONE = "none"
    STAGE = "stage"
    LAYER = "layer"
    DISK = "disk"


@dataclass(frozen=True, kw_only=True)
class GeneratorPlan:
    """How the generator runs.

    Attributes:
        linear: Library of the matrix products.
        weights: Format of the weights (C unless stored).
        fused: Query, key and value in one product (B).
        graphs: Replay recorded graphs, one per bucket of lengths (A).
        window: Most tokens gone through at once by coupled-noise Jacobi decoding (D), fewer where
            guesses fail; 1 is sequential.
    """

    linear: LinearBackend = LinearBackend.TORCH
    weights: WeightFormat = WeightFormat.STORED
    fused: bool = False
    graphs: bool = False
    window: int = 1


@dataclass(frozen=True, kw_only=True)
class DecoderPlan:
    """How the diffusion decoder runs.

    Attributes:
        linear: Library of the matrix products.
        weights: Format of the weights (C unless stored).
        fused: Query, key and value in one product (B).
        hoisted: What does not change between steps is computed once (B).
        packed: Both branches of guidance in one pass, without padding (B).
        attention: Kernel of attention.
        step_cache: Relative change of the first block below which the other blocks are skipped
            (E); 0 never skips.
        guidance_low: Noise level in [0, 1] from which guidance is on (E); 0 is always.
        guidance_high: Noise level in [0, 1] up to which guidance is on (E); 1 is always.
    """

    linear: LinearBackend = LinearBackend.TORCH
    weights: WeightFormat = WeightFormat.STORED
    fused: bool = False
    hoisted: bool = False
    packed: bool = False
    attention: Attention = Attention.AUTO
    step_cache: float = 0.0
    guidance_low: float = 0.0
    guidance_high: float = 1.0


@dataclass(frozen=True, kw_only=True)
class AutoencoderPlan:
    """How the autoencoder runs.

    Attributes:
        linear: Library of the products per pixel.
        channels_last: Keep activations with the channels innermost (B).
        phased: Sides are doubled by four small convolutions instead of a large one (B).
        tile_pixels: Draw pictures larger than this in overlapping tiles without seams; 0 never.
    """

    linear: LinearBackend = LinearBackend.TORCH
    channels_last: bool = False
    phased: bool = False
    tile_pixels: int = 0


@dataclass(frozen=True, kw_only=True)
class ParallelPlan:
    """How processes share the work on one picture (B); each has a device of its own.

    Guidance and sequence divide the decoder's work between them, tensor the generator's. Either
    product divides the number of processes; what is left over does the same work again.

    Attributes:
        guidance: Processes that share the two branches of guidance, 1 or 2.
        sequence: Processes that share the tokens of a pass, and the heads while it attends.
        tensor: Processes that share the heads and channels of the generator, and its weights.
    """

    guidance: int = 1
    sequence: int = 1
    tensor: int = 1


@dataclass(frozen=True, kw_only=True)
class ExecutionPlan:
    """How a system runs. The default is the plain path: torch's kernels and nothing else.

    Attributes:
        generator: How the generator runs.
        decoder: How the diffusion decoder runs.
        autoencoder: How the autoencoder runs.
        offload: Where weights wait.
        parallel: How processes share the work.
    """

    generator: GeneratorPlan = field(default_factory=GeneratorPlan)
    decoder: DecoderPlan = field(default_factory=DecoderPlan)
    autoencoder: AutoencoderPlan = field(default_factory=AutoencoderPlan)
    offload: Offload = Offload.NONE
    parallel: ParallelPlan = field(default_factory=ParallelPlan)
