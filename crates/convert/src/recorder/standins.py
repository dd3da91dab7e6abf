"""Stand-ins for what a configuration imports of Buildbot and Twisted: they record how they are called, and do nothing.

This program is put together of four files, in the order standins, functions, guard, run. It needs Python 3.8 and no package.
"""

import importlib.abc
import importlib.machinery
import os
import re
import sys
import types

# What is imported by these names is a stand-in, whether it is installed or not: the outcome is the same everywhere.
STAND_INS = ("buildbot", "twisted", "zope", "txrequests", "treq", "autobahn", "klein")
PLUGINS = ("changes", "configurators", "db", "reporters", "schedulers", "secrets", "steps", "util", "webhooks", "worker", "www")
RESULTS = ("SUCCESS", "WARNINGS", "FAILURE", "SKIPPED", "EXCEPTION", "RETRY", "CANCELLED")
CONSTANTS = dict({name: number for number, name in enumerate(RESULTS)}, Results=[name.lower() for name in RESULTS])
# What says something of a function or a class and leaves it as it is.
DECORATORS = ("inlineCallbacks", "deferredGenerator", "async_to_deferred", "provider")
DECORATOR_FACTORIES = ("implementer", "implementer_only", "deprecated")
# Which of Buildbot's values can be compared and calculated with: the outcome is known when a build runs.
RENDERABLE = ("Property", "Interpolate", "WithProperties", "Secret", "Transform", "FlattenList", "Operator")
# What classes of Buildbot have that those of users add to.
CLASS_LISTS = {"renderables": [], "parms": [], "compare_attrs": (), "known_params": []}

FOLDER = ["."]
OBJECTS = []


def place_of_frame(frame):
    """FILE:LINE of the innermost frame that is neither ours nor of a library."""
    while frame is not None:
        place = place_of(frame.f_code.co_filename, frame.f_lineno)
        if place:
            return place
        frame = frame.f_back
    return None


def place_of(file, line):
    """FILE:LINE, below the configuration's folder; None for what is not there."""
    if not file or file.startswith("<"):
        return None
    path = os.path.realpath(os.path.join(FOLDER[0], file))
    inside = os.path.relpath(path, FOLDER[0])
    # An environment of Python may be in the folder too.
    if inside.startswith("..") or "site-packages" in inside or "dist-packages" in inside:
        return None
    return "%s:%d" % (inside, line or 1)


class Recording(type):
    """The type of stand-ins for classes: has whatever attribute is asked for."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name in CLASS_LISTS:
            return CLASS_LISTS[name]
        return Module(cls.weir_path() + "." + name)

    def weir_path(cls):
        """The name of the class of Buildbot that it is, or that it is derived from."""
        for base in cls.__mro__:
            if "_weir_path" in base.__dict__:
                return base.__dict__["_weir_path"]
        return ""


class Recorded(metaclass=Recording):
    """Something of Buildbot that a configuration makes: what it is given, and what is called on it."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        vars(self)["_weir"] = {
            "path": cls.weir_path(),
            "class": cls,
            "args": args,
            "kwargs": kwargs,
            "calls": [],
            "at": place_of_frame(sys._getframe(1)),
        }
        return self

    def __init__(self, *args, **kwargs):
        # A class of the user's hands on what the base shall have.
        vars(self)["_weir"].update(args=args, kwargs=kwargs)

    def setupShellMixin(self, arguments, prohibitArgs=()):
        """What a class with a command of its own hands on to its base: here all of it."""
        return dict(arguments)

    def __getattr__(self, name):
        if name.startswith("__") or "_weir" not in vars(self):
            raise AttributeError(name)
        record = vars(self)["_weir"]
        if name in record["kwargs"]:
            return record["kwargs"][name]
        if name in ("name", "workername", "slavename") and record["args"]:
            return record["args"][0]
        return Method(self, name)


class Method:
    """An attribute of something recorded that it was not given: what is called on it."""

    def __init__(self, of, name):
        self.of = of
        self.name = name

    def __call__(self, *args, **kwargs):
        result = Recorded(*args, **kwargs)
        record = vars(result)["_weir"]
        record.update(path="." + self.name, of=self.of)
        vars(self.of)["_weir"]["calls"].append(result)
        return result

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Method(self.of, self.name + "." + name)


def operator(name):
    def operate(self, *others):
        result = Renderable(name, self, *others)
        vars(result)["_weir"]["path"] = "Operator"
        return result

    return operate


class Renderable(Recorded):
    """Something whose value is known when a build runs."""

    __hash__ = object.__hash__
    __eq__, __ne__, __lt__, __le__ = operator("=="), operator("!="), operator("<"), operator("<=")
    __gt__, __ge__, __add__, __sub__ = operator(">"), operator(">="), operator("+"), operator("-")
    __mul__, __truediv__, __mod__ = operator("*"), operator("/"), operator("%")
    in_, __getitem__ = operator("in"), operator("[]")
    # Without it, whoever goes through one would go on for ever.
    __iter__ = None


class Module(types.ModuleType):
    """A module of Buildbot or Twisted, or a function in it."""

    def __init__(self, name):
        super().__init__(name)
        self.__path__ = []
        self.__all__ = list(PLUGINS) if name == "buildbot.plugins" else list(CONSTANTS)
        if name == "buildbot":
            self.version = self.__version__ = "4.3.0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        path = self.__name__ + "." + name
        value = stand_in(path, name)
        if isinstance(value, Module) and path in sys.modules:
            value = sys.modules[path]
        setattr(self, name, value)
        return value

    def __call__(self, *args, **kwargs):
        result = Recorded(*args, **kwargs)
        vars(result)["_weir"]["path"] = self.__name__
        return result

    def __mro_entries__(self, bases):
        return (Recording(self.__name__.rpartition(".")[2], (Recorded,), {"_weir_path": self.__name__}),)


def stand_in(path, name):
    if name in CONSTANTS:
        return CONSTANTS[name]
    if name in DECORATORS:
        return lambda function: function
    if name in DECORATOR_FACTORIES:
        return lambda *args, **kwargs: lambda decorated: decorated
    if name[:1].isupper():
        base = Renderable if name in RENDERABLE else Recorded
        return Recording(name, (base,), {"_weir_path": path, "__module__": path.rpartition(".")[0]})
    return Module(path)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives stand-ins to whoever imports."""

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in STAND_INS or top.startswith("buildbot_"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        pass
