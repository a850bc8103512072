"""Measures this package beside transformers and diffusers: `python -m benchmarks --help`."""
