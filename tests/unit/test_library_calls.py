"""What C libraries offer is used where it is there, and nothing breaks where it is not."""

import ctypes
import sys
from collections.abc import Callable, Iterator

import pytest

from glm_image.execution import heap, library_calls, openmp

CALLS = [heap.give_back, openmp.let_helpers_go]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Functions are looked up again, in the test and after it."""
    library_calls.find.cache_clear()
    yield
    library_calls.find.cache_clear()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looked up on Linux only")
def test_a_function_is_found_and_called() -> None:
    absolute = library_calls.find("abs", ctypes.c_int)
    assert absolute is not None
    assert absolute(-3) == 3


@pytest.mark.parametrize("call", CALLS)
def test_other_systems_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, call: Callable[[], None]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", pytest.fail)
    call()


@pytest.mark.parametrize("call", CALLS)
def test_a_library_without_the_function_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, call: Callable[[], None]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    call()
