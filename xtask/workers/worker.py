"""A worker of Buildbot's, of some release: how it is made, started and ended."""

import os
import re
import signal
import subprocess

from masters import until

# The protocols, by the names that Weir has for them, and what `create-worker` calls them.
PROTOCOLS = {"pb": "pb", "msgpack": "msgpack_experimental_v7"}
# What a release tells of itself if it does not know its version: the day on which it was installed.
DAY = r"\d{4}\.\d\d\.\d\d"


class Worker:
    """A worker, whose name says its release and its protocol."""

    def __init__(self, release, protocol, bin):
        self.release = release
        self.protocol = protocol
        self.bin = bin
        self.name = f"{protocol}-{release}"
        self.process = None

    def make(self, programs, port):
        """Lets its own program make its folder."""
        self.programs = programs
        create = [self.bin / "buildbot-worker", "create-worker"]
        if not create[0].exists():
            create = [self.bin / "buildslave", "create-slave"]
        elif self.protocol != "pb":
            create += ["--protocol", PROTOCOLS[self.protocol]]
        given = ["--allow-shutdown=signal", self.name, f"127.0.0.1:{port}", self.name, f"of-{self.name}"]
        made = subprocess.run([*create, *given], cwd=programs.folder, env=environment(), capture_output=True, text=True)
        if made.returncode != 0:
            raise SystemExit(f"{self.name} cannot be made: {made.stdout}{made.stderr}")

    def start(self):
        twistd = [self.bin / "twistd", "--nodaemon", "--no_save", "--pidfile=", "-y", "buildbot.tac"]
        folder = self.programs.folder / self.name
        self.process = self.programs.start(f"{self.name}.out", twistd, cwd=folder, env=environment())

    def kill(self):
        """Ends it as the loss of its machine would, but for the commands that it runs."""
        self.process.kill()
        self.process.wait()

    def ask_to_end(self):
        """Lets it ask its master to be let go, which it does over PB."""
        self.process.send_signal(signal.SIGHUP)

    def ends(self):
        until(f"the end of the process of {self.name}", lambda: self.process.poll() is not None)
        return self.process.returncode

    def tells_version(self, version):
        """Whether it may tell this as its version."""
        return version == self.release or re.fullmatch(DAY, version) is not None


def environment():
    # All of them take what they read for UTF-8 then, as on any newer system.
    return {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
