"""Reads what the letters of finished pictures say, in a process of its own."""
