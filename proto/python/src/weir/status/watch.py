"""A watch that goes on by itself when the connection is lost or the master restarts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from weir.status.v1 import events_pb2, service_pb2

from .errors import StatusError, TooMany, Unavailable, from_rpc

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Bookmark:
    """Nothing that matches happened up to this cursor; resume from here."""

    cursor: int


Signal = events_pb2.Event | Bookmark


async def signals(
    open_stream: Callable[[service_pb2.WatchRequest], Any],
    patterns: Sequence[str],
    after: int | None,
    patience: float | None,
) -> AsyncIterator[Signal]:
    """Events and bookmarks in order, none twice and none left out, across lost connections.

    `patience` is how many seconds the master may be away without a sign of life; None for ever.
    """
    loop = asyncio.get_running_loop()
    cursor, pause, alive_at = after, _SHORTEST_PAUSE, loop.time()
    while True:
        try:
            request = service_pb2.WatchRequest(patterns=patterns)
            if cursor is not None:
                request.after = cursor
            async for response in open_stream(request):
                pause, alive_at = _SHORTEST_PAUSE, loop.time()
                signal = _signal(response)
                if signal is not None:
                    cursor = signal.cursor
                    yield signal
            failure: StatusError = Unavailable("the master ended the stream")
        except grpc.aio.AioRpcError as error:
            failure = from_rpc(error)
        if not isinstance(failure, (Unavailable, TooMany)):
            raise failure
        # Without a cursor nobody knows what happened meanwhile: that would be a silent gap.
        if cursor is None or (patience is not None and loop.time() - alive_at > patience):
            raise failure
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _signal(response: service_pb2.WatchResponse) -> Signal | None:
    match response.WhichOneof("signal"):
        case "event":
            return response.event
        case "bookmark":
            return Bookmark(response.bookmark)
    # A newer master may tell of more.
    return None
