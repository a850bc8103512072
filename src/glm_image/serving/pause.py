"""Whether jobs may begin: a switch that outlives the service."""

from pathlib import Path

from glm_image.errors import ConfigError


class Pause:
    """A switch in a file, so that every process of the service on this machine sees it.

    Args:
        path: The file; while it is there, no job begins.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def on(self) -> bool:
        """Whether no job may begin."""
        return self._path.exists()

    def turn(self, on: bool) -> None:
        """Stop jobs from beginning, or let them begin again; those that run go on.

        Raises:
            ConfigError: The file cannot be written.
        """
        try:
            if on:
                self._path.touch(mode=0o600)
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{self._path.name} cannot be written: {error.strerror}",
                field="data",
                hint="let the service write to its folder",
            ) from error
