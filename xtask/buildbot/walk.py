"""Walks every endpoint that Buildbot knows on a site, and checks each answer with Buildbot's own types.

The endpoints and types are those of the installed package `buildbot.data`; nothing of them is written down here but what
Weir's answers have beside them.
"""

import json
import re
import urllib.parse

from buildbot.data import types
from buildbot.data.base import EndpointKind
from buildbot.data.connector import DataConnector

# What Weir adds to resources; beside each time `x` stands `x_us`.
ADDED = {
    "buildrequest": {"waiting_for"},
    "patch": {"body_base64"},
    "forcescheduler": {"properties"},
    "commit_graph": {"common_commit"},
    "logchunk": {"times_us"},
    "worker": {"away_reason"},
}
# The field that a part of a path is the value of, where it has another name.
FIELDS = {
    "build_data_name": "name",
    "build_number": "number",
    "buildername": "name",
    "buildsetid": "bsid",
    "codebasename": "slug",
    "commitid1": "commitid",
    "commitid2": "commitid",
    "log_slug": "slug",
    "projectname": "slug",
    "schedulername": "name",
    "step_name": "name",
    "step_number": "number",
}
# The list whose rows a part of a path names, where it is not the path before it.
LISTS = {"revision": "commits", "commitid1": "commits", "commitid2": "commits"}
# What Buildbot's types do not say as its own masters have it: there is a committer only where one was told, and the value
# of a property in a list is JSON as text.
OWN = {("change", "committer", "NoneType"), ("_property", "value", "str")}
# How many of a list are looked at: the first ones, and the last.
MOST = 5
# Buildbot's own endpoints that need no value, yet give nothing without one.
NOTHING = {"logchunks"}
# What is looked at though nothing is there: no build is of the commits of the repository that is polled.
EMPTY = {"codebases/n:codebaseid/commit_range/n:commitid1/n:commitid2/test_result_sets"}


class Connector(DataConnector):
    """Buildbot's endpoints and types, without a master behind them."""

    master = None


def endpoints():
    """Pairs of a path, as Buildbot writes it, and its endpoint."""
    connector = Connector()
    connector._setup()
    return connector, sorted(connector.matcher.iterPatterns(), key=lambda pair: pair[0])


class Walk:
    """A walk through a site's endpoints."""

    def __init__(self, site):
        self.site = site
        self.problems = []
        self.asked = 0
        self.known = {}

    def check(self):
        """Asks for everything; gives how many answers were looked at."""
        connector, patterns = endpoints()
        for pattern, endpoint in patterns:
            path = "/".join(pattern)
            if path in NOTHING:
                continue
            places = list(self.places(pattern))
            seen = sum(self.look(place, endpoint) for place in places)
            if not seen and path not in EMPTY:
                self.problems.append(f"{path}: nothing was there to be looked at, in {len(places)} places")
        self.compare_specs(connector)
        return self.asked

    def places(self, pattern, before=()):
        """Every path that `pattern` stands for, of what there is."""
        if len(before) == len(pattern):
            yield "/".join(before)
            return
        part = pattern[len(before)]
        if ":" not in part:
            yield from self.places(pattern, (*before, part))
            return
        name = part.split(":")[1]
        for value in self.values(name, before):
            yield from self.places(pattern, (*before, urllib.parse.quote(value, safe="")))

    def values(self, name, before):
        """What may stand in a path behind `before` for the part `name`."""
        if name in LISTS:
            before = (*before[: before.index("codebases") + 2], LISTS[name])
        path = "/".join(before)
        if path not in self.known:
            self.known[path] = self.site.rows(path)
        field = FIELDS.get(name, name)
        values = [str(row[field]) for row in self.known[path]]
        return values if len(values) <= MOST else [*values[: MOST - 1], values[-1]]

    def look(self, path, endpoint):
        """Checks the answer for one path; gives how many resources there were."""
        self.asked += 1
        answer = self.site.get(path)
        if answer.status != 200:
            self.problems.append(f"{path}: {answer.status} {answer.text[:200]}")
            return 0
        if endpoint.kind in (EndpointKind.RAW, EndpointKind.RAW_INLINE):
            return self.look_at_raw(path, endpoint, answer)
        body = answer.json()
        plural = str(endpoint.rtype.plural)
        if sorted(body) != sorted([plural, "meta"]):
            self.problems.append(f"{path}: has {sorted(body)}, not {plural} and meta")
            return 0
        rows, meta = body[plural], body["meta"]
        if endpoint.kind == EndpointKind.COLLECTION:
            if meta.get("total") != len(rows):
                self.problems.append(f"{path}: meta is {meta} with {len(rows)} rows")
        elif len(rows) != 1 or meta != {}:
            self.problems.append(f"{path}: {len(rows)} rows, meta {meta}, of a single one")
        for row in rows:
            self.validate(path, endpoint.rtype.entityType, row)
        return len(rows)

    def look_at_raw(self, path, endpoint, answer):
        saved = "content-disposition" in answer.headers
        if saved != (endpoint.kind == EndpointKind.RAW):
            self.problems.append(f"{path}: content-disposition is {answer.headers.get('content-disposition')}")
        return 1

    def validate(self, path, kind, row):
        """As Buildbot's tests validate what its master gives, which is not yet JSON."""
        row = as_stored(kind, row)
        for problem in kind.validate(str(kind.name), row):
            self.problems.append(f"{path}: {problem}")

    def compare_specs(self, connector):
        """Each endpoint is told of in the site's own list, with the names of all that Buildbot's type has."""
        told = {bare(row["path"]): row for row in self.site.rows("application.spec")}
        for wanted in connector.allEndpoints():
            found = told.get(bare(wanted["path"]))
            if wanted["path"] in NOTHING:
                continue
            if not found or spec(wanted)[:2] != spec(found)[:2] or spec(wanted)[2] - spec(found)[2]:
                self.problems.append(f"application.spec: {wanted['path']} is told of as {found}")


def bare(path):
    """A path without the names of what stands in it."""
    return re.sub(r"[ins]?:\w+", "*", path)


def spec(row):
    return row["type"], row["plural"], {field["name"] for field in row["type_spec"].get("fields", ())}


def as_stored(kind, value):
    """What a master of Buildbot's has before it writes it as JSON, without what Weir adds to it."""
    if isinstance(kind, types.NoneOk):
        return None if value is None else as_stored(kind.nestedType, value)
    if isinstance(kind, types.List) and isinstance(value, list):
        return [as_stored(kind.of, one) for one in value]
    if isinstance(kind, types.SourcedProperties) and isinstance(value, dict):
        return {name: (json.dumps(pair[0]), pair[1]) for name, pair in value.items()}
    if isinstance(kind, types.Binary):
        # JSON has no bytes; Buildbot writes null.
        return b"" if value is None else value
    if isinstance(kind, types.Entity) and isinstance(value, dict):
        return {
            name: as_stored(kind.fields[name], one) if name in kind.fields else one
            for name, one in value.items()
            if not is_added(str(kind.name), name, value) and not is_own(kind, name, one)
        } | {name: like(kind.fields[name]) for name, one in value.items() if is_own(kind, name, one)}
    return value


def is_added(kind, name, row):
    """Whether Weir adds the field to rows of the kind."""
    return name in ADDED.get(kind, ()) or (name.endswith("_us") and isinstance(row.get(name[:-3]), int))


def is_own(kind, name, value):
    return (str(kind.name), name, type(value).__name__) in OWN


def like(kind):
    """Something that the type takes."""
    return {} if isinstance(kind, types.JsonObject) else ""
