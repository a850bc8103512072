"""Readers of the letters in a picture."""
