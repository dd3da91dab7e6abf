"""The status API of a Weir build master, over gRPC: read it, watch it, control it.

    import asyncio
    import weir.status as ws

    async def main() -> None:
        async with ws.connect("grpc://127.0.0.1:8010") as status:
            page = await status.list(ws.builds, ws.where("complete", False), order=["-id"], limit=50)
            for build in page.items:
                print(build.id, build.state)
            # Nothing is missed and nothing repeated between the page and the events.
            async for event in status.watch("builds/*/finished", after=page.cursor):
                print(event.entity.build.id, event.entity.build.results)

    asyncio.run(main())

The messages are those of `proto/weir/status/v1`; they are in `weir.status.v1`.
"""

from .client import At, Page, Status, connect
from .errors import (
    Conflict,
    ContentDeleted,
    CursorExpired,
    Internal,
    InvalidInput,
    InvalidQuery,
    NotFound,
    NotSupported,
    PermissionDenied,
    StatusError,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from .query import (
    Kind,
    branches,
    build_data,
    build_requests,
    builders,
    builds,
    buildsets,
    change_sources,
    changes,
    codebases,
    commits,
    dead_letters,
    force_schedulers,
    key,
    listeners,
    logs,
    masters,
    projects,
    schedulers,
    source_stamps,
    steps,
    test_result_sets,
    test_results,
    where,
    workers,
)
from .watch import Bookmark

__all__ = [
    "At",
    "Bookmark",
    "Conflict",
    "ContentDeleted",
    "CursorExpired",
    "Internal",
    "InvalidInput",
    "InvalidQuery",
    "Kind",
    "NotFound",
    "NotSupported",
    "Page",
    "PermissionDenied",
    "Status",
    "StatusError",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "branches",
    "build_data",
    "build_requests",
    "builders",
    "builds",
    "buildsets",
    "change_sources",
    "changes",
    "codebases",
    "commits",
    "connect",
    "dead_letters",
    "force_schedulers",
    "key",
    "listeners",
    "logs",
    "masters",
    "projects",
    "schedulers",
    "source_stamps",
    "steps",
    "test_result_sets",
    "test_results",
    "where",
    "workers",
]
