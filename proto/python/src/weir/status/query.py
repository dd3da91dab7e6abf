"""Keys, kinds and conditions, in Python's own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Generic, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from weir.status.v1 import control_pb2, events_pb2, queries_pb2, resources_pb2

R = TypeVar("R")


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A kind of resource that can be listed."""

    number: int
    """Its number in the proto file."""
    entity: str
    """The name of its field in `Entity`."""


def _kind(of: type[R], name: str) -> Kind[R]:
    return Kind(queries_pb2.Kind.Value(f"KIND_{name.upper()}"), name)


masters = _kind(resources_pb2.Master, "master")
builders = _kind(resources_pb2.Builder, "builder")
builds = _kind(resources_pb2.Build, "build")
build_requests = _kind(resources_pb2.BuildRequest, "build_request")
buildsets = _kind(resources_pb2.Buildset, "buildset")
source_stamps = _kind(resources_pb2.SourceStamp, "source_stamp")
changes = _kind(resources_pb2.Change, "change")
steps = _kind(resources_pb2.Step, "step")
logs = _kind(resources_pb2.Log, "log")
workers = _kind(resources_pb2.Worker, "worker")
schedulers = _kind(resources_pb2.Scheduler, "scheduler")
force_schedulers = _kind(resources_pb2.ForceScheduler, "force_scheduler")
change_sources = _kind(resources_pb2.ChangeSource, "change_source")
projects = _kind(resources_pb2.Project, "project")
codebases = _kind(resources_pb2.Codebase, "codebase")
branches = _kind(resources_pb2.Branch, "branch")
commits = _kind(resources_pb2.Commit, "commit")
build_data = _kind(resources_pb2.BuildData, "build_data")
test_result_sets = _kind(resources_pb2.TestResultSet, "test_result_set")
test_results = _kind(resources_pb2.TestResult, "test_result")
listeners = _kind(resources_pb2.ListenerStatus, "listener")
dead_letters = _kind(events_pb2.DeadLetter, "dead_letter")


def builder_key(builder: int | str) -> queries_pb2.BuilderKey:
    """A builder, by id or name."""
    if isinstance(builder, str):
        return queries_pb2.BuilderKey(name=builder)
    return queries_pb2.BuilderKey(id=builder)


def build_key(build: int | tuple[int | str, int]) -> queries_pb2.BuildKey:
    """A build, by id, or by its builder (id or name) and number."""
    if isinstance(build, tuple):
        builder, number = build
        return queries_pb2.BuildKey(
            number=queries_pb2.BuildKey.Number(builder=builder_key(builder), number=number)
        )
    return queries_pb2.BuildKey(id=build)


def worker_key(worker: int | str) -> queries_pb2.WorkerKey:
    """A worker, by id or name."""
    if isinstance(worker, str):
        return queries_pb2.WorkerKey(name=worker)
    return queries_pb2.WorkerKey(id=worker)


def scheduler_key(scheduler: int | str) -> queries_pb2.SchedulerKey:
    """A scheduler, by id or name."""
    if isinstance(scheduler, str):
        return queries_pb2.SchedulerKey(name=scheduler)
    return queries_pb2.SchedulerKey(id=scheduler)


def listener_key(listener: int | str) -> queries_pb2.ListenerKey:
    """A listener, by id or name."""
    if isinstance(listener, str):
        return queries_pb2.ListenerKey(name=listener)
    return queries_pb2.ListenerKey(id=listener)


def dead_letters_of(
    listener: int | str | None, first: int, dead_letter: int | None
) -> control_pb2.DeadLetterChoice:
    """One dead letter, or those of a listener from an event on."""
    if dead_letter is not None:
        return control_pb2.DeadLetterChoice(one=dead_letter)
    if listener is None:
        raise ValueError("a listener or a dead letter is needed; none was given")
    of = control_pb2.DeadLetterChoice.Of(listener=listener_key(listener), first=first)
    return control_pb2.DeadLetterChoice(of=of)


def key(
    *,
    builder: int | str | None = None,
    build: int | tuple[int | str, int] | None = None,
    worker: int | str | None = None,
    scheduler: int | str | None = None,
    force_scheduler: str | None = None,
    step: int | None = None,
    log: int | None = None,
    change: int | None = None,
    buildset: int | None = None,
    build_request: int | None = None,
    source_stamp: int | None = None,
    master: int | None = None,
    listener: int | str | None = None,
    dead_letter: int | None = None,
) -> queries_pb2.Key:
    """Names one resource: `key(builder="linux")`, `key(build=("linux", 17))`, `key(step=4)`.

    Further ways to name one are in `weir.status.v1.queries_pb2.Key`.
    """
    found = queries_pb2.Key()
    if builder is not None:
        found.builder.CopyFrom(builder_key(builder))
    elif build is not None:
        found.build.CopyFrom(build_key(build))
    elif worker is not None:
        found.worker.CopyFrom(worker_key(worker))
    elif listener is not None:
        found.listener.CopyFrom(listener_key(listener))
    elif scheduler is not None:
        found.scheduler.CopyFrom(scheduler_key(scheduler))
    elif force_scheduler is not None:
        found.force_scheduler = force_scheduler
    elif step is not None:
        found.step.id = step
    elif log is not None:
        found.log.id = log
    else:
        ids = {
            "change": change,
            "buildset": buildset,
            "build_request": build_request,
            "source_stamp": source_stamp,
            "master": master,
            "dead_letter": dead_letter,
        }
        for name, number in ids.items():
            if number is not None:
                setattr(found, name, number)
    if found.WhichOneof("key") is None:
        raise ValueError("key() names one resource; none was given")
    return found


Comparable = bool | int | str | datetime


def value(of: Comparable) -> queries_pb2.Value:
    """A value to compare with. A moment without a time zone is taken as UTC."""
    if isinstance(of, bool):
        return queries_pb2.Value(bool=of)
    if isinstance(of, int):
        return queries_pb2.Value(int=of)
    if isinstance(of, str):
        return queries_pb2.Value(text=of)
    moment = Timestamp()
    moment.FromDatetime(of.astimezone(timezone.utc) if of.tzinfo else of)
    return queries_pb2.Value(time=moment)


def where(field: str, *values: Comparable, op: str = "eq") -> queries_pb2.Filter:
    """One condition: `where("results", 2, 4)`, `where("started_at", moment, op="ge")`.

    `op` is one of eq, ne, lt, le, gt, ge, contains.
    """
    return queries_pb2.Filter(
        field=field, op=f"OP_{op.upper()}", values=[value(it) for it in values]
    )


def order(fields: Sequence[str]) -> list[queries_pb2.Order]:
    """An order from names, with `-` before one for highest first."""
    return [
        queries_pb2.Order(field=field.removeprefix("-"), descending=field.startswith("-")) for field in fields
    ]
