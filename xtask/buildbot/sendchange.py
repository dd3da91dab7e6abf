"""Buildbot's own `buildbot sendchange` tells a master of Weir's of changes, unmodified."""

import subprocess

from masters import Site, start_master, until

CONFIGURATION = """
master(buildbot_pb = "127.0.0.1:0")
worker(name = "w", token = "of-the-worker-of-this-master")
builder("b", workers = ["w"], steps = [shell(name = "s", command = "true")])
any_branch("any", builders = ["b"])
pb_change_source("change", password = "of the river", prefix = "src/")
"""


def check(programs, weir, bin):
    """How many things were checked, and what is not as it has to be."""
    programs.folder.mkdir(parents=True, exist_ok=True)
    site = Site("Weir", start_master(programs, weir, CONFIGURATION, {}))
    before = "Buildbot's workers are let in at "
    port = until("the port for PB", lambda: programs.said("weir").partition(before)[2].split(" ")[0])

    def sendchange(user, *options):
        command = [bin / "buildbot", "sendchange", f"--master={port}", f"--auth={user}", "--who=Ada <ada@gauge.example>"]
        return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)

    sent = sendchange(
        "change:of the river",
        "--repository=gauge",
        "--project=gauges",
        "--branch=main",
        "--revision=good1",
        "--category=push",
        "--comments=Größe",
        "--property=depth:7",
        "--when=1700000000",
        "--revlink=https://gauge.example/good1",
        "--vc=git",
        "--codebase=levels",
        "src/gauge.c",
        "docs/gauge.md",
    )
    refused = sendchange("change:of the sea", "src/a.c")
    problems = []
    if sent.returncode != 0 or "change sent successfully" not in sent.stdout:
        problems.append(f"a change is not sent: {sent.stdout} {sent.stderr}")
    if refused.returncode == 0 or "change not sent" not in refused.stdout:
        problems.append(f"a wrong password sends a change: {refused.stdout} {refused.stderr}")
    changes = site.rows("changes")
    expected = {
        "author": "Ada <ada@gauge.example>",
        "files": ["gauge.c"],
        "repository": "gauge",
        "project": "gauges",
        "branch": "main",
        "revision": "good1",
        "category": "push",
        "comments": "Größe",
        "properties": {"depth": ["7", "Change"]},
        "when_timestamp": 1700000000,
        "revlink": "https://gauge.example/good1",
        "codebase": "levels",
    }
    known = [{name: change[name] for name in expected} for change in changes]
    if known != [expected]:
        problems.append(f"the changes are {known}")
    until("a buildset of the change", lambda: site.rows("buildsets"))
    return 3, problems
