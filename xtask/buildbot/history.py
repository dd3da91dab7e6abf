"""What both masters are told to do, so that both have the same to tell of."""

import json
import time

from masters import until

CHANGES = [
    {
        "author": "Ada Wehr <ada@gauge.example>",
        "committer": "Ben Wehr <ben@gauge.example>",
        "revision": "good1",
        "comments": "Gauge a stream",
        "branch": "main",
        "repository": "gauge",
        "project": "gauges",
        "category": "push",
        "revlink": "https://gauge.example/good1",
        "files": json.dumps(["gauge.c", "mean.c"]),
        "properties": json.dumps({"depth": 7, "tags": ["a", "b"]}),
        "when_timestamp": "1700000000",
    },
    {
        "author": "Ben Wehr <ben@gauge.example>",
        "revision": "bad2",
        "comments": "Make the mean faster\n\nAnd wrong.",
        "branch": "main",
        "repository": "gauge",
        "files": json.dumps(["mean.c"]),
        "when_timestamp": "1700000100",
    },
    {
        "author": "Ada Wehr <ada@gauge.example>",
        "revision": "good3",
        "comments": "Größe — add before dividing",
        "branch": "feature/ö",
        "repository": "gauge",
        "files": "[]",
        "when_timestamp": "1700000200",
    },
]


def build(site, hold):
    """Builds of changes, a rebuild, forms, a build that is stopped, a request that is cancelled."""
    for change in CHANGES:
        site.seen = len(site.rows("buildsets"))
        site.change(**change)
        let_a_second_pass(site)
    [first] = site.rows("builders/style/builds/1")
    done(site.command(f"builds/{first['buildid']}", "rebuild"))
    site.rest("the rebuild")
    form = {"reason": "by the form", "branch": "main", "revision": "good1", "repository": "gauge", "depth": "4 m"}
    site.force("style", **form, count=5, really=False, colour="blue", notes="one\ntwo", sanitizer_on=True, priority=3)
    site.rest("the forced build")
    hold.write_text("")
    site.force("hold", reason="to be stopped", depth="3 m")
    held = until("the held build", lambda: site.rows("builders/hold/builds?complete=false"))
    until("its step", lambda: [step for step in site.rows("builders/hold/builds/1/steps") if step["name"] == "wait" and step["started_at"]])
    _, requests = site.force("hold", reason="to be cancelled", depth="3 m", priority=9)
    [waiting] = requests.values()
    done(site.command(f"buildrequests/{waiting}", "cancel", reason="no more"))
    until("the cancel", lambda: site.rows(f"buildrequests/{waiting}")[0]["complete"])
    done(site.command(f"builds/{held[0]['buildid']}", "stop", reason="enough"))
    site.rest("the stop")
    hold.unlink()


def let_a_second_pass(site):
    """Buildbot keeps whole seconds: of two builds that end in the same one it does not know the last."""
    ended = int(max(build["complete_at"] for build in site.rows("builds?complete=true")))
    until("the next second", lambda: time.time() >= ended + 1)


def done(answer):
    if answer.status != 200:
        raise SystemExit(f"a command is refused: {answer.status} {answer.text}")
