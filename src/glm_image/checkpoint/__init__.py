"""Checkpoints in the published layout, in and out."""
