"""How fast a system draws, and how far that is from what its machine can do."""
