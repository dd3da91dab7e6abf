"""Reads the configuration and tells, as JSON, what it made."""

import datetime
import json
import math


def write(channel, result):
    """Hands the result over, and ends at once: nothing that the configuration has begun goes on."""
    data = memoryview(json.dumps(result).encode("utf-8"))
    while data:
        data = data[os.write(channel, data):]
    os._exit(0)


class Teller:
    """Values as JSON. What was recorded is a list of its own, which values refer to: the same may be used twice."""

    def __init__(self, names):
        self.names = names
        self.objects = []
        self.numbers = {}
        self.kept = []

    def value(self, value, depth=0):
        # What reads this takes 128 levels, and a dict has three.
        if depth > 30:
            return {"other": "a value that contains itself", "at": None}
        if value is None or isinstance(value, (bool, str)):
            return str(value) if isinstance(value, str) else value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return value if math.isfinite(value) else {"other": repr(value), "at": None}
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, (list, tuple)):
            return [self.value(it, depth + 1) for it in value]
        if isinstance(value, (set, frozenset)):
            return [self.value(it, depth + 1) for it in sorted(value, key=str)]
        if isinstance(value, dict):
            return {"dict": [[self.value(key, depth + 1), self.value(it, depth + 1)] for key, it in value.items()]}
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, re.Pattern):
            return {"regex": value.pattern if isinstance(value.pattern, str) else value.pattern.decode("utf-8", "replace"), "flags": value.flags & ~re.UNICODE}
        return {"object": self.object(value, depth)}

    def object(self, value, depth):
        if id(value) in self.numbers:
            return self.numbers[id(value)]
        number = len(self.objects)
        self.numbers[id(value)] = number
        self.kept.append(value)
        self.objects.append(None)
        told = self.describe(value, depth)
        told["name"] = self.names.get(id(value))
        self.objects[number] = told
        return number

    def describe(self, value, depth):
        if isinstance(value, Recorded):
            return self.recorded(value, depth)
        if isinstance(value, Method):
            return {"other": "the attribute `%s`" % value.name, "at": None}
        if isinstance(value, type):
            path = value.weir_path() if isinstance(value, Recording) else value.__qualname__
            return {"class": path, "at": None}
        if isinstance(value, types.MethodType):
            value = value.__func__
        if isinstance(value, types.FunctionType):
            return describe_function(value)
        if isinstance(value, Module):
            return {"class": value.__name__, "at": None}
        return {"other": "a value of the type `%s`" % type(value).__name__, "at": None}

    def recorded(self, value, depth):
        record = vars(value)["_weir"]
        return {
            "call": record["path"],
            "args": [self.value(it, depth + 1) for it in record["args"]],
            "kwargs": [[key, self.value(it, depth + 1)] for key, it in record["kwargs"].items()],
            "calls": [self.value(it, depth + 1) for it in record["calls"]] if depth < 50 else [],
            "of": self.object(record["of"], depth + 1) if "of" in record else None,
            "set": [
                [key, self.value(it, depth + 1)]
                for key, it in vars(value).items()
                if key != "_weir" and isinstance(it, (str, int, bool, type(None)))
            ],
            "custom": self.custom(record["class"], depth),
            "at": record["at"],
        }

    def custom(self, cls, depth):
        """What a class of the user's adds to the one of Buildbot that it is derived from."""
        own = [it for it in cls.__mro__ if it is not object and not (isinstance(it, Recording) and "_weir_path" in it.__dict__)]
        own = [it for it in own if it is not Recorded and it is not Renderable]
        if not own:
            return None
        told = {"class": cls.__name__, "methods": [], "attributes": [], "at": self.class_place(own[0])}
        for it in reversed(own):
            for key, member in vars(it).items():
                if isinstance(member, (types.FunctionType, classmethod, staticmethod, property)):
                    if key != "__init__" and key not in told["methods"]:
                        told["methods"].append(key)
                elif not key.startswith("__"):
                    told["attributes"].append([key, self.value(member, depth + 1)])
        return told

    def class_place(self, cls):
        for member in vars(cls).values():
            if isinstance(member, types.FunctionType):
                return place_of(member.__code__.co_filename, member.__code__.co_firstlineno)
        return None


def lines_of_keys(text, name):
    """Where each key of the configuration is set."""
    lines = {}
    for node in ast.walk(ast.parse(text)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        for target in targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
                lines.setdefault(target.slice.value, "%s:%d" % (name, node.lineno))
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    lines.setdefault(key.value, "%s:%d" % (name, key.lineno))
    return lines


def read(file, channel, guard, timeout):
    FOLDER[0] = os.path.realpath(os.path.dirname(os.path.abspath(file)))
    file = os.path.join(FOLDER[0], os.path.basename(file))
    os.chdir(FOLDER[0])
    sys.path[0] = FOLDER[0]
    sys.argv = ["buildbot"]
    sys.meta_path.insert(0, Finder())
    with open(file, "rb") as opened:
        text = opened.read()
    scope = {"__file__": file, "basedir": FOLDER[0], "__name__": "master_cfg", "__builtins__": __builtins__}
    told = {"refused": guard.refused}
    begin(guard, timeout, lambda place: write(channel, {"failure": failure("endless", "", place)}))
    try:
        exec(compile(text, file, "exec"), scope)
    except BaseException as error:
        if isinstance(error, MemoryError):
            told["failure"] = failure("raised", "it needs too much memory", failure_of(error)["at"])
        else:
            told["failure"] = failure_of(error)
        return told
    config = scope.get("BuildmasterConfig")
    if not isinstance(config, dict):
        told["failure"] = failure("nothing", "", None)
        return told
    names = {id(value): name for name, value in scope.items() if not name.startswith("_")}
    teller = Teller(names)
    told["config"] = [[str(key), teller.value(value)] for key, value in config.items()]
    told["objects"] = teller.objects
    told["keys"] = lines_of_keys(text, os.path.basename(file))
    return told


def main():
    file, timeout, allowed = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    # What the configuration prints is not the answer.
    channel = os.dup(1)
    os.dup2(2, 1)
    guard = Guard(allowed)
    write(channel, read(file, channel, guard, timeout))


main()
