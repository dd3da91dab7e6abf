#!/usr/bin/env python3
"""Records what a real master of Buildbot and its real workers say to each other: see README.md."""

import asyncio
import os
import shutil
import socket
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SESSIONS = HERE.parent / "sessions"
# Paths of the worker are in what it says, so they are the same wherever this runs.
HOME = Path("/tmp/weir-session")
# Seconds that all may take.
DEADLINE = 600
PASSWORD = "sekrit"
BUILDBOT = "from buildbot.scripts.runner import run; run()"
WORKER = "from buildbot_worker.scripts.runner import run; run()"
# Before 0.9.
SLAVE = "from buildslave.scripts.runner import run; run()"
# What is said about the machine is not its own.
ENVIRONMENT = {"HOME": str(HOME), "LANG": "C.UTF-8", "LANGUAGE": "en", "PATH": "/usr/bin:/bin"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Recording:
    """The messages of a connection in their order, each with who sent it: M the master, W the worker."""

    def __init__(self, name, is_websocket):
        self.name = name
        self.lines = []
        self.streams = {"M": b"", "W": b""}
        self.has_head = {"M": not is_websocket, "W": not is_websocket}
        self.is_websocket = is_websocket

    def add(self, sender, data):
        if not self.is_websocket:
            self.lines.append(f"{sender} {data.hex()}")
            return
        self.streams[sender] += data
        if not self.has_head[sender]:
            head, end, rest = self.streams[sender].partition(b"\r\n\r\n")
            if not end:
                return
            self.has_head[sender] = True
            self.streams[sender] = rest
        while frame := self.frame(sender):
            opcode, payload = frame
            if opcode == 2:
                self.lines.append(f"{sender} {payload.hex()}")

    def frame(self, sender):
        """The next frame of a WebSocket, if all of it is there: its opcode and what is in it."""
        data = self.streams[sender]
        if len(data) < 2:
            return None
        is_masked, length, at = data[1] & 0x80, data[1] & 0x7F, 2
        if length > 125:
            width = 2 if length == 126 else 8
            length, at = int.from_bytes(data[at : at + width], "big"), at + width
        mask, at = (data[at : at + 4], at + 4) if is_masked else (b"\0\0\0\0", at)
        if len(data) < at + length:
            return None
        self.streams[sender] = data[at + length :]
        payload = bytes(it ^ mask[index % 4] for index, it in enumerate(data[at : at + length]))
        return data[0] & 0x0F, payload

    def save(self):
        text = "\n".join(self.lines) + "\n"
        for line in self.lines:
            for private in (Path.home(), Path.cwd(), HERE, Path(sys.base_prefix)):
                if bytes(private) in bytes.fromhex(line[2:]):
                    raise SystemExit(f"{self.name} has a path of this machine: {bytes.fromhex(line[2:])!r}")
        (SESSIONS / f"{self.name}.session").write_text(text)
        print(f"{self.name}: {len(self.lines)} pieces, {len(text)} bytes")


async def proxy(recording, master_port):
    """Listens for the worker, and hands on what both say. Gives the port."""

    async def hand_on(sender, reader, writer):
        while data := await reader.read(65536):
            recording.add(sender, data)
            writer.write(data)
        writer.close()

    async def serve(reader, writer):
        from_master, to_master = await asyncio.open_connection("127.0.0.1", master_port)
        await asyncio.gather(hand_on("W", reader, to_master), hand_on("M", from_master, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


async def run(code, *arguments, cwd=HOME, python=sys.executable, **more):
    command = [python, "-c", code, *arguments]
    with (cwd / "output").open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env={**ENVIRONMENT, **more}, stdout=output, stderr=output
        )


async def start_master(ports):
    made = await run(BUILDBOT, "create-master", "-q", "master")
    await made.wait()
    shutil.copy(HERE / "master.cfg", HOME / "master")
    more = {"PB_PORT": str(ports["pb"]), "MSGPACK_PORT": str(ports["msgpack"])}
    master = await run(BUILDBOT, "start", "--nodaemon", cwd=HOME / "master", **more)
    log = HOME / "master/twistd.log"
    await until(lambda: "BuildMaster is running" in log.read_text(), master)
    return master


async def start_worker(name, port, *options, password=PASSWORD, folder=None, **python):
    folder = folder or name
    arguments = ["create-worker", "-q", *options, folder, f"127.0.0.1:{port}", name, password]
    made = await run(WORKER, *arguments, **python)
    await made.wait()
    return await run(WORKER, "start", "--nodaemon", cwd=HOME / folder, **python)


async def start_slave(name, port, **python):
    arguments = ["create-slave", "-q", name, f"127.0.0.1:{port}", name, PASSWORD]
    made = await run(SLAVE, *arguments, **python)
    await made.wait()
    return await run(SLAVE, "start", "--nodaemon", cwd=HOME / name, **python)


async def until(condition, process):
    while process.returncode is None:
        try:
            if condition():
                return
        except FileNotFoundError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit(f"a process has ended: see what it says in {HOME}")


async def stop(process):
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def record_until(recording, worker, condition):
    """Waits for something that the worker is to come to, and stores what was said."""
    try:
        await until(condition, worker)
        # The last words about it.
        await asyncio.sleep(1)
    finally:
        await stop(worker)
    recording.save()


def has_built(name):
    return (HOME / "master" / f"done-{name}").exists


def has_failed(recording, kind):
    return lambda: any(kind.hex() in line for line in recording.lines)


async def newest(ports):
    """A worker as new as the master, over both protocols, and one that is refused."""
    for name, protocol in [("pb", "pb"), ("msgpack", "msgpack_experimental_v7")]:
        recording = Recording(name, is_websocket=name != "pb")
        port = await proxy(recording, ports[name])
        worker = await start_worker(name, port, f"--protocol={protocol}")
        await record_until(recording, worker, has_built(name))
    refused = Recording("pb_refused", is_websocket=False)
    port = await proxy(refused, ports["pb"])
    worker = await start_worker("pb", port, password="wrong", folder="refused")
    await record_until(refused, worker, has_failed(refused, b"UnauthorizedLogin"))


async def older(ports, session, python):
    """A worker that has a Python of its own, or a slave, by the name of the session."""
    recording = Recording(session, is_websocket=False)
    port = await proxy(recording, ports["pb"])
    if "slave" in session:
        # The newest Twisted does not understand this answer of a slave, so a master comes no further.
        slave = await start_slave("pb", port, python=python)
        await record_until(recording, slave, has_failed(recording, b"NoSuchMethod"))
    else:
        worker = await start_worker("pb", port, python=python)
        await record_until(recording, worker, has_built("pb"))


async def record(arguments):
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    ports = {"pb": free_port(), "msgpack": free_port()}
    master = await start_master(ports)
    try:
        await (older(ports, *arguments) if arguments else newest(ports))
    finally:
        await stop(master)


asyncio.run(asyncio.wait_for(record(sys.argv[1:]), DEADLINE))
