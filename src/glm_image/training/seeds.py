"""Streams of random numbers that follow from numbers."""

import torch


def seeded(*numbers: int) -> torch.Generator:
    """A CPU generator whose stream depends on all the numbers."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = ((state ^ (number + 0x7F4A7C15)) * 0xBF58476D1CE4E5B9) % 2**64
        state ^= state >> 29
    return torch.Generator().manual_seed(state % 2**63)
