"""What a worker of Buildbot's has to be able to do for Weir, checked over the JSON API."""

import os
import re
import time

from masters import until

SUCCESS, FAILURE, RETRY, CANCELLED = 0, 2, 5, 6


class Wrong(Exception):
    """Something is not as it has to be."""


def expect(what, found, expected):
    if found != expected:
        raise Wrong(f"{what}: {found!r}, and not {expected!r}")


class Checks:
    """All that is checked of one worker, in an order."""

    def __init__(self, site, worker, programs):
        self.site = site
        self.worker = worker
        self.file = programs.hold / worker.name
        self.data = programs.folder / "data"
        self.started = time.monotonic()

    def run(self):
        """Gives how many seconds it took."""
        self.connects()
        self.builds_everything()
        self.keeps_limits()
        self.is_stopped()
        self.is_killed()
        self.leaves()
        return time.monotonic() - self.started

    # What is checked.

    def connects(self):
        self.wait_for(connected=True)
        info = self.page()["workerinfo"]
        if not self.worker.tells_version(info.get("version") or ""):
            raise Wrong(f"the version on its page: {info}")
        expect("its protocol", info.get("protocol"), self.worker.protocol)

    def builds_everything(self):
        build = self.finished(self.force("everything"))
        steps = self.steps(build)
        unwell = {name: step["state_string"] for name, step in steps.items() if step["results"] != SUCCESS}
        expect("the steps that did not end well", unwell, {})
        expect("the results of the build", build["results"], SUCCESS)
        said = self.lines(steps["speak"])
        for line in ("oFlöße from upstream", "othe level is 3 m", "ebeware: low"):
            expect(f"how often `speak` said {line!r} in {said}", said.count(line), 1)
        expect("the file that was watched", self.lines(steps["speak"], "river"), ["oa line of the river"])
        expect("what was checked out", [line for line in self.lines(steps["read"]) if line[0] == "o"], ["o2"])

        files = self.data / "files" / self.worker.name
        there = {str(it.relative_to(files)): it.read_text() for it in files.rglob("*") if it.is_file()}
        text = "a text of the master's\n"
        expect("what was uploaded", there, {"text": text, "given/text": text, "found/text": text})
        expect("whether the empty folder was", (files / "given" / "more").is_dir(), True)

    def keeps_limits(self):
        build = self.finished(self.force("limits"))
        expect("the results of the build", build["results"], FAILURE)
        steps = self.steps(build)
        for name, sign in (("silent", "without output"), ("slow", "2 seconds"), ("loud", "lines")):
            step = steps[name]
            expect(f"the results of `{name}`", step["results"], FAILURE)
            told = [step["state_string"], *self.lines(step)]
            if not any(sign in line for line in told):
                raise Wrong(f"`{name}` does not say {sign!r}: {told}")

    def is_stopped(self):
        build, process = self.holds()
        self.order(f"builds/{build['buildid']}", "stop", reason="enough")
        expect("the results of the stopped build", self.ended(build)["results"], CANCELLED)
        until(f"the end of a stopped command of {self.worker.name}", lambda: not runs(process))
        self.file.unlink()

    def is_killed(self):
        """Killed in the middle of a command: the build ends as retry, and another one does the same when it is back."""
        build, process = self.holds()
        self.worker.kill()
        self.wait_for(connected=False)
        self.worker.start()
        lost = self.ended(build)
        expect("the results of the build of a worker that was killed", lost["results"], RETRY)
        again = until("another build of the same request", lambda: self.next_build(lost))
        second = until("the beginning of the second command", lambda: self.process(again))
        if second == process:
            raise Wrong("the second build has the first one's command")
        self.file.unlink()
        expect("the results of the second build", self.ended(again)["results"], SUCCESS)
        # Nobody ends what it ran but the file.
        until(f"the end of a command of {self.worker.name}", lambda: not runs(process))

    def leaves(self):
        """Leaves once its build has ended: asked by its own machine where its protocol has that, else by the master."""
        build, _ = self.holds()
        if self.worker.protocol == "pb":
            self.worker.ask_to_end()
        else:
            self.order(f"workers/{self.worker.name}", "stop", reason="go")
        until(f"{self.worker.name} on its way out", lambda: self.page()["graceful"])
        self.file.unlink()
        expect("the results of the last build", self.ended(build)["results"], SUCCESS)
        self.worker.ends()
        self.wait_for(connected=False)

    # What the master is asked.

    def page(self):
        [page] = self.site.rows(f"workers/{self.worker.name}")
        return page

    def wait_for(self, connected):
        what = f"{self.worker.name} {'there' if connected else 'gone'}"
        until(what, lambda: bool(self.page()["connected_to"]) == connected)

    def force(self, what):
        """The request of a build."""
        [builder] = self.site.rows(f"builders/{self.worker.name}-{what}")
        return next(iter(self.site.force(builder["name"])[1].values()))

    def order(self, path, method, **params):
        answer = self.site.command(path, method, **params)
        if answer.status != 200:
            raise Wrong(f"{path} does not {method}: {answer.text}")

    def builds(self, request):
        return self.site.rows(f"buildrequests/{request}/builds")

    def finished(self, request):
        return self.ended(until(f"a build of request {request}", lambda: self.builds(request))[0])

    def ended(self, build):
        """A build when it has ended."""
        path = f"builds/{build['buildid']}"

        def ended():
            [found] = self.site.rows(path)
            return found["complete"] and found

        return until(f"the end of {path} on {self.worker.name}", ended)

    def next_build(self, build):
        of_request = self.builds(build["buildrequestid"])
        later = [it for it in of_request if it["buildid"] > build["buildid"]]
        return later and later[0]

    def steps(self, build):
        return {step["name"]: step for step in self.site.rows(f"builds/{build['buildid']}/steps")}

    def lines(self, step, log="stdio"):
        """The lines of a log, each with the letter of its stream before it; none of one that is not there."""
        logs = [it for it in self.site.rows(f"steps/{step['stepid']}/logs") if it["slug"] == log]
        if not logs:
            return []
        content = self.site.get(f"logs/{logs[0]['logid']}/contents").json()["logchunks"][0]["content"]
        lines = content.splitlines()
        # A log of one stream has no letters.
        return lines if logs[0]["type"] == "s" else ["o" + line for line in lines]

    def holds(self):
        """A build that runs until the file is gone, and the process of its command."""
        self.file.touch()
        request = self.force("hold")
        build = until(f"a build on {self.worker.name}", lambda: self.builds(request))[0]
        return build, until(f"the command of {self.worker.name}", lambda: self.process(build))

    def process(self, build):
        """The process that a command `hold` has said to be; none if it has said nothing yet."""
        for step in self.steps(build).values():
            for line in self.lines(step):
                said = re.fullmatch(r"oprocess (\d+)", line)
                if said:
                    return int(said[1])
        return None


def runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
