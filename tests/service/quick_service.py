"""``glm-image serve`` with workers that hold no model: ``python quick_service.py SECONDS ...``."""

import sys
from pathlib import Path

from glm_image.cli.main import main
from glm_image.serving.worker import pool

WORKER = str(Path(__file__).with_name("quick_worker.py"))

if __name__ == "__main__":
    _, seconds, *arguments = sys.argv
    defaults = pool.Pool.from_settings.__func__.__defaults__  # type: ignore[attr-defined]
    command = (sys.executable, WORKER, seconds)
    pool.Pool.from_settings.__func__.__defaults__ = (*defaults[:-1], command)  # type: ignore[attr-defined]
    sys.exit(main(["serve", *arguments]))
