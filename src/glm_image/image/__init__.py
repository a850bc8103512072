"""Pictures: sizes, tensors, files."""
