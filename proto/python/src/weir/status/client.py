"""The client."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import grpc

from weir.status.v1 import (
    control_pb2,
    events_pb2,
    queries_pb2,
    resources_pb2,
    service_pb2,
    service_pb2_grpc,
    views_pb2,
)

from . import query
from .errors import Internal, from_rpc
from .query import Kind
from .watch import Bookmark, Signal, signals

T = TypeVar("T")
R = TypeVar("R")

_LARGEST_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True)
class At(Generic[T]):
    """An answer, and the cursor at which it is true."""

    value: T
    cursor: int


@dataclass(frozen=True)
class Page(Generic[T]):
    """A bounded part of a list, and the cursor at which it is true."""

    items: list[T]
    cursor: int
    next: str | None
    """Where the next page begins; None on the last page."""


def connect(
    url: str = "grpc://127.0.0.1:8010",
    *,
    token: str | None = None,
    deadline: float = 30.0,
    ca: str | os.PathLike[str] | None = None,
) -> Status:
    """The status of the master at `url`: `grpc://host:port`, or `grpcs://host:port` for TLS.

    It connects when it is first asked. `token` is an API token; `deadline` is how many seconds a call may take; `ca`
    is a file with the certificates (PEM) of the authorities to trust over TLS, in place of the public ones.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("grpc", "grpcs", "http", "https") or parts.hostname is None:
        raise ValueError(f"`{url}` is no address such as grpc://127.0.0.1:8010, or grpcs://ci.example:8010 with TLS")
    with_tls = parts.scheme in ("grpcs", "https")
    if ca is not None and not with_tls:
        raise ValueError(f"`{url}` is an address without TLS, but a CA is given; with TLS it begins with grpcs://")
    address = f"{parts.hostname}:{parts.port or 8010}"
    options = [
        ("grpc.max_receive_message_length", _LARGEST_ANSWER),
        ("grpc.keepalive_time_ms", 30_000),
        # Proxies of the environment are for the web; a master is asked directly.
        ("grpc.enable_http_proxy", int("WEIR_USE_PROXY" in os.environ)),
    ]
    if with_tls:
        credentials = grpc.ssl_channel_credentials(None if ca is None else Path(ca).read_bytes())
        channel = grpc.aio.secure_channel(address, credentials, options=options)
    else:
        channel = grpc.aio.insecure_channel(address, options=options)
    return Status(channel, token=token, deadline=deadline)


class Status:
    """The status of one master. Use it by `async with`, or close it."""

    def __init__(self, channel: grpc.aio.Channel, *, token: str | None = None, deadline: float = 30.0) -> None:
        self._channel = channel
        self._stub: Any = service_pb2_grpc.StatusServiceStub(channel)  # type: ignore[no-untyped-call]
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._deadline = deadline

    async def __aenter__(self) -> Status:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection, and all watches with it."""
        await self._channel.close()

    async def _call(self, call: Any, request: Any) -> Any:
        answer: Awaitable[Any] = call(request, metadata=self._metadata, timeout=self._deadline)
        try:
            return await answer
        except grpc.aio.AioRpcError as error:
            raise from_rpc(error) from None

    async def get(self, key: queries_pb2.Key) -> At[Any]:
        """The resource that `key` names (see `key()`)."""
        answer = await self._call(self._stub.Get, service_pb2.GetRequest(key=key))
        return At(_resource(answer.entity), answer.cursor)

    async def list(
        self,
        kind: Kind[R],
        *filters: queries_pb2.Filter,
        order: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
        after: str | None = None,
        properties: Sequence[str] = (),
    ) -> Page[R]:
        """A page of the resources of `kind` that meet all `filters` (see `where()`), in `order` (`-id`: highest first)."""
        asked = queries_pb2.Query(
            kind=kind.number,  # type: ignore[arg-type]
            filters=filters,
            order=query.order(order),
            limit=limit,
            offset=offset,
            after=after,
            properties=properties,
        )
        answer = await self._call(self._stub.List, service_pb2.ListRequest(query=asked))
        items = [getattr(entity, kind.entity) for entity in answer.items]
        return Page(items, answer.cursor, answer.next if answer.HasField("next") else None)

    async def each(
        self, kind: Kind[R], *filters: queries_pb2.Filter, order: Sequence[str] = (), properties: Sequence[str] = ()
    ) -> AsyncIterator[R]:
        """All the resources of `kind` that meet all `filters`, page after page."""
        after = None
        while True:
            page = await self.list(
                kind, *filters, order=order, limit=1_000, after=after, properties=properties
            )
            for item in page.items:
                yield item
            after = page.next
            if after is None:
                return

    async def log_content(self, log: int, first: int = 0, limit: int = 1_000) -> At[str]:
        """Whole lines of a log from line `first` on, `limit` at the most; fewer if they are long."""
        request = service_pb2.GetLogContentRequest(log=queries_pb2.LogKey(id=log), first=first, limit=limit)
        answer = await self._call(self._stub.GetLogContent, request)
        return At(answer.chunk.content, answer.cursor)

    async def log_lines(self, log: int, first: int = 0) -> AsyncIterator[str]:
        """The lines that a log has now, from line `first` on, each without its end."""
        while True:
            chunk = (await self.log_content(log, first, 10_000)).value
            lines = chunk.split("\n")[:-1]
            if not lines:
                return
            for line in lines:
                yield line
            first += len(lines)

    async def properties(
        self, *, build: int | tuple[int | str, int] | None = None, buildset: int | None = None
    ) -> At[dict[str, tuple[Any, str]]]:
        """The properties of a build or buildset: value and source by name."""
        of = queries_pb2.PropertiesOf()
        if build is not None:
            of.build.CopyFrom(query.build_key(build))
        elif buildset is not None:
            of.buildset = buildset
        else:
            raise ValueError("properties() takes a build or a buildset")
        answer = await self._call(self._stub.GetProperties, service_pb2.GetPropertiesRequest(of=of))
        return At(_properties(answer.properties), answer.cursor)

    async def build_data(self, build: int | tuple[int | str, int], name: str) -> At[bytes]:
        """The bytes that a build keeps under `name`."""
        request = service_pb2.GetBuildDataRequest(build=query.build_key(build), name=name)
        answer = await self._call(self._stub.GetBuildData, request)
        return At(answer.value, answer.cursor)

    async def view(self, asked: views_pb2.ViewQuery) -> At[views_pb2.View]:
        """What a synthesis display shows."""
        answer = await self._call(self._stub.GetView, service_pb2.GetViewRequest(query=asked))
        return At(answer.view, answer.cursor)

    async def watch(
        self, *patterns: str, after: int | None = None, patience: float | None = None
    ) -> AsyncIterator[events_pb2.Event]:
        """The events whose topic matches one of `patterns` (`builds/*/finished`, `**` for all), in order.

        From the first event after the cursor `after` on; from now on if none is given. A lost connection or a
        restarted master is waited for and nothing is missed or repeated; `patience` is how many seconds to wait, None for ever.
        Raises `CursorExpired` if the events after the cursor are no longer kept.
        """
        async for signal in self.signals(*patterns, after=after, patience=patience):
            if not isinstance(signal, Bookmark):
                yield signal

    def signals(
        self, *patterns: str, after: int | None = None, patience: float | None = None
    ) -> AsyncIterator[Signal]:
        """As `watch`, with the bookmarks in between, from which one can resume although nothing happened."""

        def open_stream(request: service_pb2.WatchRequest) -> Any:
            return self._stub.Watch(request, metadata=self._metadata)

        return signals(open_stream, patterns or ("**",), after, patience)

    async def control(self, command: control_pb2.Command) -> control_pb2.Outcome:
        """Carries out or records a command; it is committed when this returns."""
        answer = await self._call(self._stub.Control, service_pb2.ControlRequest(command=command))
        outcome: control_pb2.Outcome = answer.outcome
        return outcome

    async def force(
        self,
        scheduler: str,
        *,
        builders: Sequence[str] = (),
        reason: str | None = None,
        branch: str | None = None,
        revision: str | None = None,
        priority: int | None = None,
        values: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[int, dict[int, int]]:
        """Makes a buildset through a force scheduler; gives its id, and the ids of its requests by builder id.

        With an `idempotency_key` it can be asked again after a lost answer, and is done once.
        """
        params = control_pb2.ForceParams(
            builders=builders,
            reason=reason,
            branch=branch,
            revision=revision,
            priority=priority,
            values={name: json.dumps(it) for name, it in (values or {}).items()},
            idempotency_key=idempotency_key,
        )
        force = control_pb2.Command.Force(scheduler=scheduler, params=params)
        outcome = await self.control(control_pb2.Command(force=force))
        if outcome.WhichOneof("outcome") != "buildset":
            raise Internal("a force that made no buildset")
        return outcome.buildset.buildset, dict(outcome.buildset.requests)

    async def stop_build(self, build: int | tuple[int | str, int], reason: str | None = None) -> None:
        """Stops a build that runs; one that has ended stays as it is."""
        stop = control_pb2.Command.StopBuild(build=query.build_key(build), reason=reason)
        await self.control(control_pb2.Command(stop_build=stop))

    async def cancel_request(self, request: int, reason: str | None = None) -> None:
        """Cancels a build request."""
        cancel = control_pb2.Command.CancelRequest(request=request, reason=reason)
        await self.control(control_pb2.Command(cancel_request=cancel))

    async def rebuild(self, build: int | tuple[int | str, int]) -> int:
        """Builds the same again; gives the buildset's id."""
        again = control_pb2.Command.Rebuild(build=query.build_key(build))
        return (await self.control(control_pb2.Command(rebuild=again))).buildset.buildset

    async def pause_worker(self, worker: int | str, reason: str | None = None) -> None:
        """Gives a worker no new builds."""
        pause = control_pb2.Command.PauseWorker(worker=query.worker_key(worker), reason=reason)
        await self.control(control_pb2.Command(pause_worker=pause))

    async def unpause_worker(self, worker: int | str) -> None:
        """Gives a worker builds again."""
        unpause = control_pb2.Command.UnpauseWorker(worker=query.worker_key(worker))
        await self.control(control_pb2.Command(unpause_worker=unpause))

    async def enable_scheduler(self, scheduler: int | str, enabled: bool) -> None:
        """Lets a scheduler make buildsets, or not."""
        enable = control_pb2.Command.EnableScheduler(scheduler=query.scheduler_key(scheduler), enabled=enabled)
        await self.control(control_pb2.Command(enable_scheduler=enable))

    async def deliver_again(
        self, listener: int | str | None = None, *, first: int = 0, dead_letter: int | None = None
    ) -> None:
        """Has one dead letter, or those of a listener from the event `first` on, delivered again."""
        letters = query.dead_letters_of(listener, first, dead_letter)
        again = control_pb2.Command.DeliverAgain(letters=letters)
        await self.control(control_pb2.Command(deliver_again=again))

    async def drop_dead_letters(
        self, listener: int | str | None = None, *, first: int = 0, dead_letter: int | None = None
    ) -> None:
        """Forgets one dead letter, or those of a listener from the event `first` on."""
        letters = query.dead_letters_of(listener, first, dead_letter)
        drop = control_pb2.Command.DropDeadLetters(letters=letters)
        await self.control(control_pb2.Command(drop_dead_letters=drop))

    async def rewind_listener(self, listener: int | str, first: int) -> None:
        """Has a listener deliver all events from `first` on again, those that were delivered too."""
        rewind = control_pb2.Command.RewindListener(listener=query.listener_key(listener), first=first)
        await self.control(control_pb2.Command(rewind_listener=rewind))

    async def forget_listener(self, listener: int | str) -> None:
        """Forgets a listener that nobody runs, with its place and its dead letters."""
        forget = control_pb2.Command.ForgetListener(listener=query.listener_key(listener))
        await self.control(control_pb2.Command(forget_listener=forget))


def _resource(entity: events_pb2.Entity) -> Any:
    name = entity.WhichOneof("entity")
    if name is None:
        raise Internal("a resource of a kind that this version does not know")
    return getattr(entity, name)


def _properties(found: Mapping[str, resources_pb2.Property]) -> dict[str, tuple[Any, str]]:
    return {name: (json.loads(it.value), it.source) for name, it in found.items()}
