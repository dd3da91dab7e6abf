"""A lamp: `listener.py URL FILE` prints `red: BUILDERS` while the last build of a builder failed, else `green`."""

import asyncio
import os
import sys
from pathlib import Path

import weir.status as ws
from weir.status.v1 import resources_pb2

FAILED = (resources_pb2.RESULTS_FAILURE, resources_pb2.RESULTS_EXCEPTION)


class Lamp:
    """What it shows."""

    def __init__(self, status: ws.Status) -> None:
        self.status = status
        self.shown = ""

    async def told(self) -> None:
        """Looks at what is, not at what an event says: an event that comes twice changes nothing."""
        broken = await self.broken()
        colour = "red: " + ", ".join(broken) if broken else "green"
        if colour != self.shown:
            print(colour, flush=True)
            self.shown = colour

    async def broken(self) -> list[str]:
        """The builders whose last build failed."""
        broken = []
        for builder in (await self.status.list(ws.builders, limit=1000)).items:
            ended = ws.where("builder", builder.id), ws.where("complete", True)
            last = (await self.status.list(ws.builds, *ended, order=["-number"], limit=1)).items
            if last and last[0].results in FAILED:
                broken.append(builder.name)
        return broken


def keep(place: Path, cursor: int) -> None:
    """Puts the cursor in the place of the one before: after a crash the file holds the old or the new."""
    new = place.with_suffix(".new")
    new.write_text(f"{cursor}\n")
    new.replace(place)


async def main(url: str, file: str) -> None:
    place = Path(file)
    async with ws.connect(url, token=os.environ.get("WEIR_TOKEN")) as status:
        if not place.exists():
            keep(place, (await status.list(ws.masters, limit=0)).cursor)
        lamp = Lamp(status)
        async for signal in status.signals("builds/*/finished", after=int(place.read_text())):
            if not isinstance(signal, ws.Bookmark):
                await lamp.told()
            keep(place, signal.cursor)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
