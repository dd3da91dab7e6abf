"""Walks every path of Buildbot's written specification, the RAML files of the installed package, and checks each answer.

What Buildbot's own master does not keep of it, Weir need not keep either: a problem is one that Weir has alone.
"""

import importlib.resources

import yaml
from walk import Walk, is_added

SPEC = importlib.resources.files("buildbot") / "spec"
# Names of RAML, and of the specification itself, for what JSON has.
PLAIN = {
    "string": str,
    "identifier": str,
    "integer": int,
    "number": int,
    "date": int,
    "boolean": bool,
    "bool": bool,
    "object": dict,
    "array": list,
}
# What Buildbot's own types allow though its specification does not, where its master here has nothing to show it by.
OWN = {("test_result_set.description", "is null")}
# What a part of a path is called there, and in `buildbot.data`.
NAMES = {"id": "workerid"}


class Loader(yaml.SafeLoader):
    """YAML that may include other files."""


Loader.add_constructor("!include", lambda loader, node: read(node.value))


def read(name):
    return yaml.load((SPEC / name).read_text(), Loader)


class Spec:
    """What Buildbot's specification says."""

    def __init__(self):
        told = read("api.raml")
        self.types = told["types"]
        self.paths = dict(paths(told))

    def problems(self, site):
        """What a site's answers break of it: pairs of what is broken, and where that was seen first."""
        walk, found = Walk(site), {}
        for path, kind in self.paths.items():
            try:
                places = [place for pattern in patterns(path) for place in walk.places(pattern)]
            except (KeyError, SystemExit):
                found.setdefault((path, "leads nowhere"), path)
                continue
            if not places:
                found.setdefault((path, "nothing is there to be looked at"), path)
            for place in places:
                for problem in self.look(walk, place, kind):
                    found.setdefault((path, *problem), place)
        return walk.asked, found

    def look(self, walk, place, kind):
        walk.asked += 1
        answer = walk.site.get(place)
        if answer.status != 200:
            yield "answers", answer.status
            return
        if kind is None:
            return
        body = answer.json()
        [rows] = [rows for name, rows in body.items() if name != "meta"]
        for row in rows:
            yield from self.check(kind, row, kind)

    def check(self, kind, value, where):
        """What is wrong with a value of a type, which is a name or told of on the spot."""
        if isinstance(kind, str):
            kind = kind.strip()
            if "|" in kind:
                if all(any(self.check(one, value, where)) for one in kind.split("|")):
                    yield where, f"is {type(value).__name__}, not {kind}"
            elif kind.endswith("[]"):
                yield from self.each(kind[:-2], value, where)
            elif kind in PLAIN:
                if type(value) is not PLAIN[kind]:
                    yield where, f"is {type(value).__name__}, not {kind}"
            elif kind in self.types:
                yield from self.check(self.types[kind], value, where)
            elif kind != "any":
                yield where, f"is of type {kind}, which is not known"
            return
        if kind.get("type", "object") != "object":
            yield from self.check(kind["type"], value, where)
        elif "properties" in kind:
            yield from self.check_properties(kind["properties"], value, where)
        elif not isinstance(value, dict):
            yield where, f"is {type(value).__name__}, not object"

    def each(self, kind, values, where):
        if not isinstance(values, list):
            yield where, f"is {type(values).__name__}, not a list"
            return
        for value in values:
            yield from self.check(kind, value, where + "[]")

    def check_properties(self, properties, value, where):
        # A pair is told of as an object with the names 1 and 2, and a map as one with the name [].
        if set(properties) == {"[]"}:
            values = value.values() if isinstance(value, dict) else [None]
            for one in values:
                yield from self.check(properties["[]"], one, where + "[]")
            return
        if set(properties) == {1, 2}:
            if not isinstance(value, list) or len(value) != 2 or type(value[1]) is not str:
                yield where, "is not a pair of a value and its source"
            return
        if not isinstance(value, dict):
            yield where, f"is {type(value).__name__}, not object"
            return
        left = set(value)
        for told, kind in properties.items():
            name = told.rstrip("?").removesuffix("[]")
            left.discard(name)
            place = f"{where}.{name}"
            if value.get(name) is None:
                if not told.endswith("?"):
                    yield place, "is null" if name in value else "is not there"
            elif told.rstrip("?").endswith("[]"):
                yield from self.each(kind, value[name], place)
            else:
                yield from self.check(kind, value[name], place)
        for name in left:
            if not is_added(where, name, value):
                yield f"{where}.{name}", "is not told of"


def paths(node, before=""):
    """Pairs of a path that can be read and the name of its type, which is none for what is no JSON."""
    for part, below in node.items():
        if not part.startswith("/"):
            continue
        path = before if part == "/" else before + part
        for trait in below.get("get", {}).get("is", ()):
            for name, given in trait.items():
                yield path, given["bbtype"] if name == "bbget" else None
        yield from paths({name: value for name, value in below.items() if name.startswith("/")}, path)


def patterns(path):
    """The ways in which a path may be written, as `buildbot.data` writes one."""
    ways = [()]
    for part in filter(None, path.split("/")):
        if part.startswith("{"):
            names = part.strip("{}").split("_or_")
            # `step_number_or_name` and `name_or_id` leave out what is clear to a reader.
            begin = names[0].rpartition("_")[0]
            if begin:
                names = [name if name.startswith(begin) else f"{begin}_{name}" for name in names]
            parts = [f"n:{NAMES.get(name, name)}" for name in names]
        else:
            parts = [part]
        ways = [(*way, one) for way in ways for one in parts]
    return ways


def beyond_buildbot(ours, theirs):
    """Checks both masters; gives how many answers of ours were looked at, and what only ours breaks."""
    spec = Spec()
    (asked, found), (_, also) = spec.problems(ours), spec.problems(theirs)
    alone = {problem: place for problem, place in found.items() if problem not in also and problem[1:] not in OWN}
    return asked, [f"{place}: {' '.join(map(str, problem))}" for problem, place in alone.items()]
