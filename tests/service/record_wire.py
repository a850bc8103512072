"""Records anew what clients and service say to each other: ``python tests/service/record_wire.py``.

Look at what has changed before you commit it: a changed request is news of a client, a changed
answer is news for every client.
"""

import json
import sys
import tempfile
from pathlib import Path

from serving_rig import running
from wire_clients import CALLS, recorded
from wiring import FOLDER, Tape, painter


def main(names: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    tape = Tape()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), engine=painter(), around=tape.around) as rig,
    ):
        for name in names or CALLS:
            text = json.dumps(recorded(rig, tape, name), indent=1, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
            print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
