"""The client against a real master: reading, watching, controlling, and what goes wrong."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from typing import Any

import pytest
from conftest import SOON, Site

import weir.status as ws
from weir.status.v1 import control_pb2


async def finished(status: ws.Status, request: int, after: int) -> int:
    """The id of the request's build, once it has ended."""
    async with asyncio.timeout(SOON):
        async for event in status.watch("builds/*/finished", after=after):
            if event.entity.build.request == request:
                return event.entity.build.id
    raise AssertionError("the watch ended")


async def now(status: ws.Status) -> int:
    return (await status.list(ws.masters, limit=0)).cursor


async def test_a_forced_build_is_seen_to_its_end(status: ws.Status) -> None:
    begin = await now(status)
    buildset, requests = await status.force("force", builders=["true"], reason="from Python")
    (request,) = requests.values()
    build = await finished(status, request, begin)

    found = (await status.get(ws.key(build=build))).value
    assert (found.results, found.number) == (0, 1)
    assert (await status.get(ws.key(build=("true", 1)))).value == found
    page = await status.list(ws.builds, ws.where("request", request), order=["-id"], properties=["reason"])
    assert [it.id for it in page.items] == [build] and page.next is None
    properties = (await status.properties(buildset=buildset)).value
    assert properties["reason"][0] == "from Python"

    steps = [step async for step in status.each(ws.steps, ws.where("build", build), order=["number"])]
    assert "say" in [step.name for step in steps]
    logs = [log async for log in status.each(ws.logs, ws.where("step", steps[-1].id))]
    lines = [line async for line in status.log_lines(logs[0].id)]
    assert [line for line in lines if line.startswith("o")] == ["oone", "otwo"]


async def test_errors_are_typed(status: ws.Status) -> None:
    with pytest.raises(ws.NotFound, match="build 4711"):
        await status.get(ws.key(build=4711))
    with pytest.raises(ws.InvalidQuery) as query:
        await status.list(ws.builds, ws.where("colour", "red"))
    assert query.value.field == "colour"
    with pytest.raises(ws.InvalidInput) as force:
        await status.force("force", builders=["none"])
    assert "builders" in force.value.fields
    with pytest.raises(ws.InvalidQuery):
        async for _ in status.watch("builds/*/*", after=10**9):
            pass
    async with ws.connect("grpc://127.0.0.1:1", deadline=5) as nowhere:
        with pytest.raises(ws.Unavailable):
            await nowhere.list(ws.masters)


async def test_a_wrong_token_is_told(site: Site) -> None:
    async with ws.connect(site.url, token="nobody's") as status:
        with pytest.raises(ws.Unauthenticated):
            await status.list(ws.builders)


async def test_a_force_with_a_key_is_done_once(status: ws.Status) -> None:
    first = await status.force("force", builders=["true"], idempotency_key="one wish")
    again = await status.force("force", builders=["true"], idempotency_key="one wish")
    assert again == first
    assert len((await status.list(ws.buildsets)).items) == 1


async def test_a_watch_outlives_the_master(site: Site, status: ws.Status) -> None:
    begin = await now(status)
    seen: list[int] = []
    ended = asyncio.Event()

    async def watch() -> None:
        async for event in status.watch("**", after=begin, patience=SOON):
            seen.append(event.cursor)
            if event.entity.WhichOneof("entity") == "build" and event.entity.build.results == 0:
                if event.entity.build.HasField("complete_at") and event.entity.build.number == 2:
                    ended.set()

    async with asyncio.timeout(3 * SOON):
        watching = asyncio.create_task(watch())
        _, requests = await status.force("force", builders=["true"])
        await finished(status, *requests.values(), begin)
        site.kill_master()
        site.start_master()
        async with ws.connect(site.url) as after:
            await after.force("force", builders=["true"])
        await ended.wait()
        watching.cancel()
    # Numbers of events are dense: none is missing, none came twice.
    assert seen == list(range(begin + 1, begin + 1 + len(seen)))


async def test_a_running_build_is_stopped(status: ws.Status) -> None:
    begin = await now(status)
    _, requests = await status.force("force", builders=["long"])
    (request,) = requests.values()
    async with asyncio.timeout(SOON):
        async for event in status.watch("builds/*/new", after=begin):
            if event.entity.build.request == request:
                await status.stop_build(event.entity.build.id, "enough")
                break
    build = await finished(status, request, begin)
    assert (await status.get(ws.key(build=build))).value.results == 6


async def test_what_a_listener_could_not_deliver_is_asked_for_again(status: ws.Status) -> None:
    first = await now(status)
    asks: list[dict[str, Any]] = [
        {"hold": {"kind": "mail", "on": "a test", "seconds": 60}},
        {"park": {"event": 1, "why": "404 Not Found"}},
    ]
    for ask in asks:
        listen = control_pb2.Command.Listen(
            listener="mail", holder="a test", ask=control_pb2.ListenAsk(**ask)
        )
        await status.control(control_pb2.Command(listen=listen))
    (listener,) = (await status.list(ws.listeners)).items
    assert (listener.name, listener.held_by, listener.dead_letters) == ("mail", "a test", 1)
    await status.deliver_again("mail", first=first)
    (letter,) = (await status.list(ws.dead_letters)).items
    assert (letter.event.cursor, letter.why, letter.again) == (1, "404 Not Found", False)
    await status.deliver_again(dead_letter=letter.id)
    assert (await status.get(ws.key(dead_letter=letter.id))).value.again
    await status.drop_dead_letters("mail")
    assert not (await status.list(ws.dead_letters)).items
    assert (await status.get(ws.key(listener="mail"))).value.dead_letters == 0
    with pytest.raises(ws.Conflict):
        await status.forget_listener("mail")
    release = control_pb2.ListenAsk(release=control_pb2.ListenAsk.Release())
    listen = control_pb2.Command.Listen(listener="mail", holder="a test", ask=release)
    await status.control(control_pb2.Command(listen=listen))
    await status.forget_listener("mail")
    assert not (await status.list(ws.listeners)).items


async def test_bookmarks_keep_an_idle_watch_fresh(status: ws.Status) -> None:
    begin = await now(status)
    await status.force("force", builders=["true"])
    async with asyncio.timeout(SOON):
        async for signal in status.signals("masters/*/stopped", after=begin):
            if isinstance(signal, ws.Bookmark) and signal.cursor > begin:
                break


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_a_master_with_tls(site: Site) -> None:
    certificate, key = site.folder / "server.pem", site.folder / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    site.kill_master()
    site.start_master("--tls-certificate", str(certificate), "--tls-key", str(key))
    url = f"grpcs://{site.address}"
    async with ws.connect(url, ca=certificate) as status:
        assert len((await status.list(ws.masters)).items) == 1
    async with ws.connect(url, deadline=5) as stranger:
        with pytest.raises(ws.Unavailable):
            await stranger.list(ws.masters)
    with pytest.raises(ValueError, match="without TLS, but a CA is given"):
        ws.connect(site.url, ca=certificate)
