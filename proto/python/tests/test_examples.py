"""The examples against a real master, as programs of their own."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from conftest import SOON, Site
from test_status import finished, now

import weir.status as ws

EXAMPLES = Path(__file__).parent.parent / "examples"
LAMP = Path(__file__).parents[3] / "examples" / "python-listener" / "listener.py"


async def start(name: str | Path, *arguments: str | Path) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, EXAMPLES / name, *arguments, stdout=PIPE)


async def line(process: Process, wanted: str) -> None:
    """Waits for a line that holds `wanted`."""
    assert process.stdout is not None
    async with asyncio.timeout(SOON):
        async for said in process.stdout:
            if wanted in said.decode():
                return
    raise AssertionError(f"it ended without `{wanted}`")


async def reaches(place: Path, cursor: int) -> None:
    """Waits until the cursor that the file holds is not before `cursor`."""
    async with asyncio.timeout(SOON):
        while not place.exists() or int(place.read_text()) < cursor:
            await asyncio.sleep(0.02)


async def build(status: ws.Status, builder: str = "true") -> None:
    begin = await now(status)
    _, requests = await status.force("force", builders=[builder])
    await finished(status, *requests.values(), begin)


async def end(process: Process) -> bytes:
    """Kills it, and gives what it wrote last."""
    process.kill()
    return (await process.communicate())[0]


async def test_a_listener_is_told_of_what_it_missed_and_of_nothing_twice(
    site: Site, status: ws.Status, tmp_path: Path
) -> None:
    place = tmp_path / "listener.cursor"
    listener = await start("listener.py", site.url, place)
    await reaches(place, 0)
    await build(status)
    await line(listener, "true #1: ")
    await reaches(place, await now(status))
    assert await end(listener) == b""

    await build(status)
    listener = await start("listener.py", site.url, place)
    await reaches(place, await now(status))
    said = await end(listener)
    assert said.startswith(b"true #2: ") and said.count(b"\n") == 1, said


async def test_a_lamp_is_red_while_a_builder_is_broken(site: Site, status: ws.Status, tmp_path: Path) -> None:
    place = tmp_path / "lamp"
    lamp = await start(LAMP, site.url, place)
    await reaches(place, 0)
    await build(status)
    await line(lamp, "green")
    await build(status, "false")
    await line(lamp, "red: false")
    await build(status)
    await reaches(place, await now(status))
    # The colour is the same, and not said again.
    assert await end(lamp) == b""

    lamp = await start(LAMP, site.url, place)
    await build(status)
    await line(lamp, "red: false")
    await end(lamp)


async def test_a_dashboard_shows_what_was_and_what_comes(site: Site, status: ws.Status) -> None:
    await build(status)
    dashboard = await start("dashboard.py", site.url)
    await line(dashboard, f"{'true':30} #1 ")
    await build(status)
    await line(dashboard, f"{'true':30} #2 ")
    await end(dashboard)
