"""How good a model is: held-out cases, readers of pictures and texts, tables."""
