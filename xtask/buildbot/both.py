"""Weir beside Buildbot: `both.py WEIR FOLDER`, run by the Python in which Buildbot is installed.

WEIR is the program, FOLDER is for what the masters keep.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import history
import sendchange
from compare import Comparison
from masters import Programs, start_buildbot, start_weir
from spec import beyond_buildbot
from walk import Walk


def main():
    weir, folder = sys.argv[1], Path(sys.argv[2]).absolute()
    bin = Path(sys.executable).parent
    ours, theirs, told = Programs(folder / "weir"), Programs(folder / "buildbot"), Programs(folder / "told")
    try:
        with ThreadPoolExecutor() as both:
            our_site = both.submit(ready, ours, start_weir, weir)
            their_site = both.submit(ready, theirs, start_buildbot, bin)
            ours_there, theirs_there = our_site.result(), their_site.result()
        walk = Walk(ours_there)
        asked = walk.check()
        report(f"{asked} answers of Weir's, of every endpoint of Buildbot's, are of Buildbot's types", walk.problems)
        asked, problems = beyond_buildbot(ours_there, theirs_there)
        report(f"{asked} answers of Weir's, of every path of Buildbot's specification, keep to it as its own master does", problems)
        comparison = Comparison(ours_there, theirs_there)
        asked = comparison.check()
        report(f"{asked} requests are answered alike", comparison.problems)
        checked, problems = sendchange.check(told, weir, bin)
        report(f"{checked} things are as they have to be of changes that Buildbot's own `sendchange` tells of", problems)
    finally:
        for programs in (ours, theirs, told):
            programs.stop()


def ready(programs, start, program):
    site = start(programs, program)
    history.build(site, programs.hold)
    return site


def report(what, problems):
    print(what if not problems else f"not so: {what}")
    if problems:
        print("\n".join(problems))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
