"""What the bundled model learns from: drawn scenes, their codes, prompts and edits."""
