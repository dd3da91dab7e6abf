"""Asks two masters with the same history the same, and compares what they answer.

Ids are replaced by what they stand for (`build:gauge/2`), times by a word; the rest has to be the same, but for the
differences that are known, with their reasons. Each of those has to be met, so that none stays when it is gone.
"""

import json
import re
from pathlib import Path

from differences import Known

HERE = Path(__file__).parent

# What the ids of a field name.
KINDS = {
    "builderid": "builder",
    "buildid": "build",
    "parent_buildid": "build",
    "rebuilt_buildid": "build",
    "buildrequestid": "request",
    "buildsetid": "buildset",
    "bsid": "buildset",
    "changeid": "change",
    "parent_changeids": "change",
    "changesourceid": "changesource",
    "claimed_by_masterid": "master",
    "logid": "log",
    "masterid": "master",
    "masterids": "master",
    "projectid": "project",
    "schedulerid": "scheduler",
    "ssid": "sourcestamp",
    "stepid": "step",
    "test_result_setid": "testset",
    "test_resultid": "testresult",
    "workerid": "worker",
}
TIMES = {"started_at", "complete_at", "claimed_at", "submitted_at", "created_at", "locks_acquired_at", "last_active"}
# Fields that Weir adds, besides `x_us`; a client of Buildbot does not see them.
ADDED = {"away_reason", "waiting_for", "body_base64", "code", "why", "field", "what", "fields", "data", "times_us", "next", "operation", "implementer"}
# The first step of a build of Buildbot's, which Weir has not.
PREPARATION = "worker_preparation"


class Names:
    """What the ids of a site stand for."""

    def __init__(self, site):
        self.of = {}
        self.ids = {}
        self.site = site
        for kind, path, field in (
            ("builder", "builders", "builderid"),
            ("worker", "workers", "workerid"),
            ("scheduler", "schedulers", "schedulerid"),
            ("changesource", "changesources", "changesourceid"),
            ("project", "projects", "projectid"),
        ):
            for row in site.rows(path):
                self.add(kind, row[field], row["name"])
        for kind, path, field in (
            ("master", "masters", "masterid"),
            ("buildset", "buildsets", "bsid"),
            ("change", "changes", "changeid"),
            ("sourcestamp", "sourcestamps", "ssid"),
        ):
            for number, id in enumerate(sorted(row[field] for row in site.rows(path)), 1):
                self.add(kind, id, str(number))
        for row in site.rows("buildrequests"):
            name = f"{self.of['buildset', row['buildsetid']]}.{self.of['builder', row['builderid']]}"
            self.add("request", row["buildrequestid"], name)
        for row in site.rows("builds"):
            build = f"{self.of['builder', row['builderid']]}/{row['number']}"
            self.add("build", row["buildid"], build)
            for step in site.rows(f"builds/{row['buildid']}/steps"):
                self.add("step", step["stepid"], f"{build}/{step['name']}")
                for log in site.rows(f"steps/{step['stepid']}/logs"):
                    self.add("log", log["logid"], f"{build}/{step['name']}/{log['slug']}")
        for number, row in enumerate(site.rows("test_result_sets"), 1):
            self.add("testset", row["test_result_setid"], str(number))
            for place, result in enumerate(site.rows(f"test_result_sets/{row['test_result_setid']}/results"), 1):
                self.add("testresult", result["test_resultid"], f"{number}/{place}")

    def add(self, kind, id, name):
        self.of[kind, id] = name
        self.ids[kind, name] = id

    def fill(self, text):
        """`{build:gauge/2}` becomes the site's id of that."""
        return re.sub(r"\{(\w+):([^}\"]*)\}", lambda found: str(self.ids[found[1], found[2]]), text)

    def bare(self, value, field=None):
        """`value` as JSON, without what is a site's own."""
        if isinstance(value, dict):
            return {name: self.bare(one, name) for name, one in value.items() if not is_added(name)}
        if isinstance(value, list):
            return [self.bare(one, field) for one in value if not is_preparation(one)]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if field in KINDS:
                return self.of.get((KINDS[field], value), value)
            if field in TIMES:
                return "a time"
        return value


def is_added(name):
    return name in ADDED or name.endswith("_us")


def is_preparation(row):
    return isinstance(row, dict) and row.get("name") == PREPARATION


def answers(site, names, request):
    """What a site answers, as something that can be compared."""
    method, path, body = request
    if method == "POST":
        answer = site.post(names.fill(path), names.fill(body) if isinstance(body, str) else json.dumps(body))
    else:
        answer = site.ask("/api/v2/" + names.fill(path), method)
    told = {"status": answer.status, "type": answer.type}
    try:
        told["body"] = names.bare(answer.json())
    except ValueError:
        told["body"] = answer.text
    settle(told["body"], "order=" in path)
    return told


def settle(value, ordered):
    """Puts lists whose order means nothing into one: rows without an order, and who is configured where."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "_properties":
                value[name] = {row["name"]: row for row in one}
            settle(one, ordered)
            if isinstance(one, list) and (not ordered or name == "configured_on") and name not in ("all_fields", "fields"):
                one.sort(key=key)
    elif isinstance(value, list):
        for one in value:
            settle(one, ordered)


def key(row):
    """Rows of both masters that tell of the same stand in the same place."""
    if not isinstance(row, dict):
        return json.dumps(row)
    ids = {name: one for name, one in row.items() if name in KINDS or name in ("name", "number", "slug")}
    return json.dumps(ids or row, sort_keys=True)


def differ(ours, theirs, place=""):
    """Each place at which two values differ, with both."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted({*ours, *theirs}):
            yield from differ(ours.get(name, "nothing"), theirs.get(name, "nothing"), f"{place}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs):
            yield from differ(one, other, f"{place}[]")
    elif ours != theirs:
        yield place, ours, theirs


class Comparison:
    """Both masters, and what their answers differ in."""

    def __init__(self, ours, theirs):
        self.sites = ours, theirs
        self.names = Names(ours), Names(theirs)
        self.problems = []

    def check(self):
        """Asks both; gives how often."""
        asked, known = requests(), Known()
        for request in asked:
            ours, theirs = (answers(site, names, request) for site, names in zip(self.sites, self.names))
            for place, our, their in differ(ours, theirs):
                met = f"{' '.join(request)}: {place}"
                if not known.has(met):
                    self.problems.append(f"{met}: {json.dumps(our)[:300]}, Buildbot {json.dumps(their)[:300]}")
        self.problems += [f"this difference is no more: {found}" for found in sorted(known.left)]
        return len(asked)


def requests():
    lines = (HERE / "requests.txt").read_text().splitlines()
    split = (line.split(" ", 2) for line in lines if not line.startswith("#"))
    return [(method, path, *(body or [""])) for method, path, *body in split]
