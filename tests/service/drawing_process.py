"""A process that draws the jobs of a table with workers without a model, until it is killed.

``python drawing_process.py FOLDER SECONDS WORKERS`` takes so long for a job.
"""

import asyncio
import sys
from pathlib import Path

from asking import dispatching, open_store, pool

from glm_image.serving.housekeeping import Housekeeping

ATTEMPTS = 1000
"""Starts of a job; killing is what these tests are about, so no job is given up for it."""

LEASE_SECONDS = 2.0


async def main(folder: Path, seconds: float, workers: int) -> None:
    store = open_store(folder, attempts=ATTEMPTS)
    painter = pool(seconds, count=workers)
    housekeeping = Housekeeping(store, None)  # type: ignore[arg-type]
    async with dispatching(store, folder, painter, lease_seconds=LEASE_SECONDS):
        while True:
            await housekeeping._reap()
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
