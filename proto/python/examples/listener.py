"""Prints each build that has finished: `listener.py [URL] [FILE]`.

Its place in the events is kept in the file, so whatever finished while it was away comes when it starts again.
"""

import asyncio
import os
import sys
from pathlib import Path

import weir.status as ws


def keep(place: Path, cursor: int) -> None:
    """Puts the cursor in the place of the one before: after a crash the file holds the old or the new."""
    new = place.with_suffix(".new")
    new.write_text(f"{cursor}\n")
    new.replace(place)


async def main(url: str = "grpc://127.0.0.1:8010", file: str = "listener.cursor") -> None:
    place = Path(file)
    async with ws.connect(url, token=os.environ.get("WEIR_TOKEN")) as status:
        if not place.exists():
            keep(place, (await status.list(ws.masters, limit=0)).cursor)
        async for signal in status.signals("builds/*/finished", after=int(place.read_text())):
            if not isinstance(signal, ws.Bookmark):
                build = signal.entity.build
                builder = (await status.get(ws.key(builder=build.builder))).value
                print(f"{builder.name} #{build.number}: {build.state}", flush=True)
            keep(place, signal.cursor)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
