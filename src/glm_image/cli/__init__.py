"""The ``glm-image`` command. Nothing here imports torch before a command needs it."""
