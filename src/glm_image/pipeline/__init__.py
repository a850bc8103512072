"""The way from what is asked for to pixels: one file per stage, one verb per file."""
