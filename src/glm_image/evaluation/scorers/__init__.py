"""Scorers: what one picture of a benchmark is worth."""
