"""A table of the builders' last results, in the terminal and alive: `dashboard.py [URL]`."""

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import weir.status as ws


def draw(builders: Iterable[Any], last: Mapping[int, Any]) -> None:
    print("\033[2J\033[H", end="")
    for builder in builders:
        build = last.get(builder.id)
        print(f"{builder.name:30} #{build.number:<6} {build.state}" if build else f"{builder.name:30} -")
    sys.stdout.flush()


async def main(url: str = "grpc://127.0.0.1:8010") -> None:
    async with ws.connect(url, token=os.environ.get("WEIR_TOKEN")) as status:
        builders = await status.list(ws.builders, order=["name"], limit=1000)
        last = {}
        for builder in builders.items:
            finished = ws.where("builder", builder.id), ws.where("complete", True)
            newest = await status.list(ws.builds, *finished, order=["-number"], limit=1)
            last.update({build.builder: build for build in newest.items})
        draw(builders.items, last)
        # From the cursor of the first page: what finished since comes, even if it is in the table already.
        async for event in status.watch("builds/*/finished", after=builders.cursor):
            last[event.entity.build.builder] = event.entity.build
            draw(builders.items, last)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
