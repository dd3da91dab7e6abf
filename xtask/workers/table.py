"""Buildbot's workers of all ages on a Weir master.

`table.py WEIR FOLDER [--worker RELEASE PROTOCOL BIN]… [--skipped RELEASE PROTOCOL WHY]…`: WEIR is the program, FOLDER is for
what the master and the workers keep, BIN has the programs of a release. Each worker is checked on its own, all of them
at once; the table at the end has a row for each, and for each that is left out.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from masters import Programs, Site, make_repository, start_master, until
from checks import Checks, Wrong
from worker import Worker

HERE = Path(__file__).parent


def main():
    told = arguments()
    workers = [Worker(release, protocol, Path(bin)) for release, protocol, bin in told.worker]
    programs = Programs(told.folder.absolute())
    try:
        site, ports = start(programs, told.weir, workers)
        for worker in workers:
            worker.make(programs, ports[worker.protocol])
            worker.start()
        together(site, workers, told.weir, programs)
        with ThreadPoolExecutor(max(len(workers), 1)) as all_of_them:
            results = list(all_of_them.map(lambda it: check(site, it, programs), workers))
    finally:
        # What still runs ends with its file.
        for file in programs.hold.glob("*"):
            file.unlink()
        programs.stop()
    rows = [(it.release, it.protocol, said) for it, (_, said) in zip(workers, results)]
    show(rows + [(release, protocol, f"skipped: {why}") for release, protocol, why in told.skipped])
    if not all(well for well, _ in results):
        raise SystemExit(f"not all workers do what they have to; what all wrote is in {programs.folder}")


def arguments():
    told = argparse.ArgumentParser()
    told.add_argument("weir")
    told.add_argument("folder", type=Path)
    told.add_argument("--worker", nargs=3, action="append", default=[])
    told.add_argument("--skipped", nargs=3, action="append", default=[])
    return told.parse_args()


def start(programs, weir, workers):
    """A master of Weir's, and the ports at which it lets workers in, by their protocols."""
    programs.hold.mkdir()
    places = {
        "@WORKERS@": [it.name for it in workers],
        "@HOLD@": programs.hold,
        "@REPOSITORY@": make_repository(programs.folder / "levels"),
    }
    url = start_master(programs, weir, (HERE / "weir.star").read_text(), places)

    def port(name):
        def said():
            _, found, rest = programs.said("weir").partition("Buildbot's workers are let in at 127.0.0.1:")
            while found:
                line, _, rest = rest.partition("\n")
                if line.endswith(f"({name})"):
                    return int(line.split(" ")[0])
                _, found, rest = rest.partition("Buildbot's workers are let in at 127.0.0.1:")
            return None

        return until(f"the port for {name}", said)

    return Site("Weir", url), {"pb": port("PB"), "msgpack": port("msgpack")}


def together(site, workers, weir, programs):
    """All of them at once build for one builder, and so does a worker of Weir's own."""
    token = programs.folder / "own.token"
    token.write_text("of-the-worker-of-its-own")
    token.chmod(0o600)
    own = [weir, "worker", "--master", site.url, "--name", "own", "--token-file", token, "--dir", programs.folder / "own"]
    programs.start("own", own)
    file = programs.hold / "together"
    file.touch()
    for _ in range(len(workers) + 1):
        site.force("together")

    def builds(query):
        return site.rows(f"builders/together/builds?{query}")

    def all_build():
        return len({it["workerid"] for it in builds("complete=false")}) == len(workers) + 1

    until("a build of one builder on each worker at once", all_build)
    file.unlink()
    until("the end of all of them", lambda: len(builds("complete=true&results=0")) == len(workers) + 1)


def check(site, worker, programs):
    """Whether all is well with a worker, and what there is to say of it."""
    try:
        return True, f"good, {Checks(site, worker, programs).run():.0f} s"
    except (Wrong, SystemExit) as wrong:
        return False, f"WRONG: {wrong}"


def show(rows):
    widths = [max(len(row[place]) for row in rows) for place in (0, 1)]
    for release, protocol, said in rows:
        print(f"{release:{widths[0]}}  {protocol:{widths[1]}}  {said}")


if __name__ == "__main__":
    main()
