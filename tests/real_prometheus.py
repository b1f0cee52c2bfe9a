"""A real Prometheus server on the loopback, for tests that ask it; they are left out where there is none."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

SECONDS = 120.0


def needed(program: str, package: str) -> str:
    """Where a program is; without it the test is left out, with the reason."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} is installed here (Debian: apt-get install {package})")
    return found


@contextmanager
def prometheus(folder: Path, config: str, ready: Callable[[str], bool]) -> Iterator[str]:
    """The address of a server with this configuration, once it is ready; its data lie in ``data``."""
    server = needed("prometheus", "prometheus")
    (folder / "prometheus.yml").write_text(config)
    address = f"127.0.0.1:{free_port()}"
    with started(
        [
            server,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
        ],
        folder / "prometheus.log",
        lambda: ready(f"http://{address}"),
    ):
        yield f"http://{address}"


@contextmanager
def started(command: list[str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """A process that runs until the end of the block, from when it is ready, within two minutes."""
    with log.open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        until = time.monotonic() + SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command[0]} is not ready: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port that nobody has."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
