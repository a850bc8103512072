"""Devices by name; what a machine without accelerators can tell."""

import pytest
import torch

from glm_image import device
from glm_image.device import DeviceKind, resolve
from glm_image.errors import InputError


@pytest.fixture
def no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in DeviceKind:
        monkeypatch.setitem(device._COUNT, kind, lambda: 0)
    monkeypatch.setitem(device._COUNT, DeviceKind.CPU, lambda: 1)


@pytest.mark.usefixtures("no_accelerator")
@pytest.mark.parametrize("name", [None, "auto", "cpu", "cpu:0"])
def test_cpu_is_found(name: str | None) -> None:
    found = resolve(name)
    assert found.kind is DeviceKind.CPU
    assert found.torch_device == torch.device("cpu")
    assert found.dtype is torch.float32
    assert found.memory() is None and found.peak_memory() is None
    assert not found.is_accelerator
    found.synchronize()
    found.empty_cache()
    found.reset_peak_memory()


def test_auto_takes_the_best_and_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(device._COUNT, DeviceKind.CUDA, lambda: 2)
    assert device.available()[0] is DeviceKind.CUDA
    assert resolve().torch_device == torch.device("cuda", 0)
    assert resolve("cuda:1").torch_device == torch.device("cuda", 1)
    assert resolve("cuda").dtype is torch.bfloat16
    assert resolve("cpu").dtype is torch.float32
    assert str(resolve("cuda:1").torch_device) == "cuda:1"


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("bf16", torch.bfloat16),
        ("bfloat16", torch.bfloat16),
        (torch.bfloat16, torch.bfloat16),
        ("fp32", torch.float32),
        ("float32", torch.float32),
        (torch.float32, torch.float32),
        ("auto", torch.float32),
    ],
)
def test_dtypes(name: str | torch.dtype, dtype: torch.dtype) -> None:
    assert resolve("cpu", name).dtype is dtype


@pytest.mark.parametrize("dtype", ["float16", "fp16", "half", torch.float16])
def test_fp16_is_refused_with_the_reason(dtype: str | torch.dtype) -> None:
    with pytest.raises(InputError, match="overflows") as caught:
        resolve("cpu", dtype)
    assert caught.value.field == "dtype"


@pytest.mark.usefixtures("no_accelerator")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cdua", "did you mean 'cuda'"),
        ("cuda", "this machine has: cpu"),
        ("npu:1", "this machine has: cpu"),
        ("mps", "this machine has: cpu"),
        ("cpu:1", "found 1 of this kind"),
        ("cuda:x", "write it like 'cuda:0'"),
    ],
)
def test_what_is_not_there_is_an_error(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        resolve(name)
    assert caught.value.field == "device"


def test_unknown_dtype_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'bfloat16'"):
        resolve("cpu", "bfloat")


@pytest.mark.parametrize(
    ("has", "quick"),
    [
        ({"architecture": "x86_64", "avx2": True}, False),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": False}, False),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": True}, True),
        ({"architecture": "aarch64", "neon": True}, False),
        ({"architecture": "aarch64", "sve": True, "sve_bf16": True}, True),
    ],
)
def test_bf16_takes_instructions(
    has: dict[str, object], quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    assert device.multiplies_bf16(torch.device("cpu")) is quick
    assert device.multiplies_bf16(torch.device("cuda"))
