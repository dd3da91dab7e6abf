"""A master and a worker of our own, as programs; `WEIR` names the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import weir.status as ws

CONFIG = """
master(title = "Python", anonymous_control = True)
w1 = worker(name = "w1", token_file = "w1.token")
builder(name = "true", workers = [w1], steps = [shell(name = "say", command = "echo one; echo two")])
builder(name = "long", workers = [w1], steps = [shell(name = "wait", command = "sleep 600")])
builder(name = "false", workers = [w1], steps = [shell(name = "fail", command = "false")])
force(name = "force", builders = ["true", "long", "false"])
"""
SOON = 60.0


class Site:
    """A folder with a configuration, and the programs that run."""

    def __init__(self, folder: Path) -> None:
        found = os.environ.get("WEIR") or shutil.which("weir")
        if found is None:
            pytest.fail("set WEIR to the `weir` program: `cargo build -p weir` makes target/debug/weir")
        self.weir = found
        self.folder = folder
        (folder / "weir.star").write_text(CONFIG)
        (folder / "w1.token").write_text("a-token-of-w1-which-is-long-enough")
        self.address = "127.0.0.1:0"
        self.start_master()
        self.worker = self._start(
            "worker", "--master", f"http://{self.address}", "--name", "w1",
            "--token-file", str(folder / "w1.token"), "--dir", str(folder / "worker"),
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"grpc://{self.address}"

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = open(self.folder / f"{arguments[0]}.log", "ab")
        return subprocess.Popen(
            [self.weir, *arguments], cwd=self.folder, stdout=log, stderr=log, env={**os.environ, "NO_COLOR": "1"}
        )

    def start_master(self, *options: str) -> None:
        """Starts the master, at the address that it had before if it had one."""
        log = self.folder / "master.log"
        seen = log.stat().st_size if log.exists() else 0
        self.master = self._start("master", "--listen", self.address, *options)
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            said = log.read_bytes()[seen:].decode(errors="replace")
            if match := re.search(r"the master serves \w+://(\S+)", said):
                self.address = match[1]
                return
            if self.master.poll() is not None:
                pytest.fail(f"the master ended: {said}")
            time.sleep(0.02)
        pytest.fail(f"the master does not serve: {said}")

    def kill_master(self) -> None:
        self.master.kill()
        self.master.wait()

    def stop(self) -> None:
        for process in (self.worker, self.master):
            process.kill()
            process.wait()


@pytest.fixture
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        yield site
        site.stop()


@pytest.fixture
async def status(site: Site) -> AsyncIterator[ws.Status]:
    async with ws.connect(site.url) as status:
        yield status
