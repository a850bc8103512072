"""The clients still say what was recorded; else ``record_wire.py`` shows what is new."""

from collections.abc import Iterator

import pytest
from serving_rig import Rig, running
from wire_clients import CALLS, recorded
from wiring import RECORDED, Tape, kept, painter


@pytest.fixture(scope="module")
def tape() -> Tape:
    return Tape()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, tape: Tape) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("wire")
    with running(folder, engine=painter(), around=tape.around) as one:
        yield one


def test_every_call_is_recorded() -> None:
    assert sorted(CALLS) == RECORDED


@pytest.mark.parametrize("name", sorted(CALLS))
def test_clients_ask_and_are_answered_as_they_were(rig: Rig, tape: Tape, name: str) -> None:
    assert recorded(rig, tape, name)["exchanges"] == kept(name)["exchanges"]
