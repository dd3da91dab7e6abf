"""A master of Weir's and one of Buildbot's, to be started, asked and told what to do."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).parent
# Seconds that something may take, on a machine that is busy.
READY = 60
PASSWORD = "the river is high"


class Answer:
    """What came of a request."""

    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def type(self):
        return self.headers.get("content-type", "").split(";")[0]

    def json(self):
        return json.loads(self.text)


def until(what, done):
    """Waits until `done` gives something true, and gives it."""
    end = time.monotonic() + READY
    while time.monotonic() < end:
        found = done()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"this did not come in time: {what}")


class Site:
    """Something that answers as a Buildbot master does."""

    def __init__(self, name, url):
        self.name = name
        self.url = url

    def ask(self, path, method="GET", body=None, headers=()):
        """Answers of any status are answers."""
        place = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        try:
            connection.request(method, path, body, {"Accept": "application/json", **dict(headers)})
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, fields, answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def get(self, path):
        return self.ask("/api/v2" + (f"/{path}" if path else ""))

    def rows(self, path):
        """The resources that a read gives."""
        answer = self.get(path)
        if answer.status != 200:
            raise SystemExit(f"{self.name}: {path}: {answer.status} {answer.text}")
        body = answer.json()
        [rows] = [value for name, value in body.items() if name != "meta"]
        return rows

    def post(self, path, body, headers=(("Content-Type", "application/json"),)):
        return self.ask(f"/api/v2/{path}", "POST", body, headers)

    def command(self, path, method, **params):
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.post(path, json.dumps(call))

    def change(self, **fields):
        answer = self.ask(
            "/change_hook/base",
            "POST",
            urllib.parse.urlencode(fields),
            (("Content-Type", "application/x-www-form-urlencoded"),),
        )
        if answer.status >= 300:
            raise SystemExit(f"{self.name} takes no change: {answer.status} {answer.text}")
        self.rest(f"the change {fields.get('revision')}")

    def rest(self, what):
        """Waits until nothing is to be built."""
        # A change is looked at a moment after it is there.
        until(what, lambda: self.rows("buildrequests?complete=false&limit=1") or self.quiet())
        until(what, lambda: not self.rows("buildrequests?complete=false&limit=1"))
        until(what, lambda: not self.rows("builds?complete=false&limit=1"))

    def quiet(self):
        """Whether each change has been built."""
        return len(self.rows("buildsets")) > self.seen

    seen = 0

    def force(self, builder, **fields):
        [one] = self.rows(f"builders/{builder}")
        answer = self.command("forceschedulers/force", "force", builderid=one["builderid"], **fields)
        if answer.status != 200:
            raise SystemExit(f"{self.name} forces nothing: {answer.text}")
        return answer.json()["result"]


class Programs:
    """What runs for a site, in a folder that is gone afterwards."""

    def __init__(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder = folder
        self.hold = folder / "hold"
        self.running = []

    def start(self, name, command, **more):
        log = open(self.folder / f"{name}.log", "wb")
        started = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)
        self.running.append(started)
        return started

    def said(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self):
        for program in reversed(self.running):
            program.send_signal(signal.SIGTERM)
        for program in self.running:
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def start_weir(programs, weir):
    """A master of Weir's with its worker, made of the program `weir`."""
    folder = programs.folder
    repository = make_repository(folder / "levels")
    hashed = subprocess.run([weir, "hash-password"], input=PASSWORD + "\n", capture_output=True, text=True, check=True)
    workers = {"upstream": "worker.token", "downstream": "other.token"}
    for name, file in workers.items():
        token = folder / file
        token.write_text(f"weir-{name}-0123456789abcdef\n")
        token.chmod(0o600)
        (folder / name).mkdir()
    places = {"@HOLD@": programs.hold, "@REPOSITORY@": repository, "@PASSWORD@": hashed.stdout.strip()}
    url = start_master(programs, weir, (HERE / "weir.star").read_text(), places)
    for name, file in workers.items():
        programs.start(
            name,
            [weir, "worker", "--name", name, "--master", url, "--token-file", folder / file, "--dir", folder / name],
        )
    return wait_for_workers(Site("Weir", url))


def start_master(programs, weir, configuration, places):
    """Starts a master of Weir's with a configuration in which places are filled in, and gives its address."""
    folder = programs.folder
    for place, value in places.items():
        configuration = configuration.replace(place, str(value))
    (folder / "weir.star").write_text(configuration)
    master = programs.start(
        "weir", [weir, "master", "--config", folder / "weir.star", "--data", folder / "data", "--listen", "127.0.0.1:0"]
    )

    def served():
        if master.poll() is not None:
            raise SystemExit(f"Weir does not start:\n{programs.said('weir')}")
        _, found, rest = programs.said("weir").partition("the master serves ")
        return found and rest.split("\n")[0].strip()

    return until("Weir's start", served)


def start_buildbot(programs, bin):
    """A Buildbot master with a worker in it, made of the programs in the folder `bin`."""
    folder, port = programs.folder, free_port()
    subprocess.run(
        [sys.executable, bin / "buildbot", "create-master", "--log-count=1", folder / "master"], check=True, capture_output=True
    )
    shutil.copyfile(HERE / "master.cfg", folder / "master" / "master.cfg")
    command = ["--reactor=poll", "--nodaemon", "--no_save", "--pidfile=", "-y", "buildbot.tac"]
    environment = {**os.environ, "PORT": str(port), "HOLD": str(programs.hold)}
    master = programs.start("buildbot", [sys.executable, bin / "twistd", *command], cwd=folder / "master", env=environment)
    site = Site("Buildbot", f"http://127.0.0.1:{port}")

    def answers():
        if master.poll() is not None:
            raise SystemExit(f"Buildbot does not start:\n{(folder / 'master' / 'twistd.log').read_text()}")
        try:
            return site.get("").status == 200
        except OSError:
            return False

    until("Buildbot's start", answers)
    return wait_for_workers(site)


def wait_for_workers(site):
    until("the workers", lambda: all(one["connected_to"] for one in site.rows("workers")))
    return site


def make_repository(folder):
    """A git repository with two commits."""
    folder.mkdir()
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@gauge.example"]

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    for number in (1, 2):
        (folder / "level").write_text(f"{number}\n")
        git("add", "--all")
        git(*who, "commit", "--quiet", "--no-gpg-sign", "--message", f"Level {number}")
    return folder
