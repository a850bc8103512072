"""The networks: plain PyTorch modules, each with its configuration beside it."""
