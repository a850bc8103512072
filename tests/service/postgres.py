"""A PostgreSQL cluster of the tests' own, on a socket in a temporary folder."""

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

DEBIAN = Path("/usr/lib/postgresql")
MEMORY = Path("/dev/shm")
PREFIX = "glm-pg-"
ACCOUNT = "postgres"
NEEDED = ("initdb", "pg_ctl", "pg_dump", "psql")


class Cluster:
    """A server with as many databases as tests ask for."""

    def __init__(self) -> None:
        self.bin = _binaries()
        # Memory is faster than the disk, and a socket's path must be short.
        place = MEMORY if os.access(MEMORY, os.W_OK) else Path("/tmp")
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
        self._names = (f"test_{number}" for number in itertools.count())
        # The server refuses to be root.
        self._as_account: list[str] = []
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            self._as_account = ["runuser", "-u", ACCOUNT, "--"]
        self._sweep(place)
        data = self._folder / "data"
        self._run("initdb", "-D", data, "-A", "trust", "-U", "tester", "--no-sync", "-E", "UTF8")
        options = (
            f"-k {self._folder} -c listen_addresses='' -c fsync=off -c max_connections=200 "
            "-c shared_buffers=32MB"
        )
        self._run("pg_ctl", "-D", data, "-w", "-l", self._folder / "log", "-o", options, "start")

    def new_database(self) -> str:
        """The address of an empty database."""
        name = next(self._names)
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._address(name)

    def stop(self) -> None:
        """Stop the server and remove everything."""
        self._remove(self._folder)

    def restart(self) -> None:
        """Stop the server hard and start it again, as after a crash."""
        data = self._folder / "data"
        self._run("pg_ctl", "-D", data, "-w", "-m", "immediate", "restart", "-l", "/dev/null")

    def _remove(self, folder: Path) -> None:
        if _is_running(folder / "data"):
            self._run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder)

    def _sweep(self, place: Path) -> None:
        """Stop the servers of test runs that were killed."""
        for folder in place.glob(f"{PREFIX}*-*"):
            process = folder.name.removeprefix(PREFIX).partition("-")[0]
            if folder.is_dir() and process.isdigit() and not Path(f"/proc/{process}").exists():
                self._remove(folder)

    def _address(self, name: str) -> str:
        return f"postgresql://tester@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: object) -> None:
        # The server inherits the streams, so they must not be pipes that somebody reads to the end.
        with (self._folder.parent / f"{self._folder.name}.out").open("w+b") as log:
            done = subprocess.run(
                [*self._as_account, str(self.bin / program), *map(str, arguments)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
            log.seek(0)
            text = log.read().decode(errors="replace")
        Path(log.name).unlink(missing_ok=True)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{text}")


def _is_running(data: Path) -> bool:
    """Whether a server works in this folder; a killed one leaves its file, maybe with a number that
    another program has by now."""
    noted = data / "postmaster.pid"
    if not noted.exists():
        return False
    process = Path("/proc", noted.read_text().split()[0])
    return process.exists() and (process / "cwd").resolve() == data.resolve()


def _binaries() -> Path:
    """The folder of the newest server that is installed."""
    found = [path for path in DEBIAN.glob("*/bin") if all((path / one).exists() for one in NEEDED)]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise RuntimeError(
        "the tests of the service need a PostgreSQL server: apt-get install postgresql"
    )
