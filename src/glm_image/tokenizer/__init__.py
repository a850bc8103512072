"""Text to ids: the generator's byte-level BPE, its prompt, the glyph encoder's bytes."""
