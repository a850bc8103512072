"""The bundled model's own suite: posters that its training cannot have seen, and their marks."""
