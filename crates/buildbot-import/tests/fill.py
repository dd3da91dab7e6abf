"""Fills a database that a Buildbot of any version has made (`buildbot create-master`) with builds.

    fill.py state.sqlite BUILDS

Of every kind of row there are some, with the odd ones of long lives: requests that wait and that are claimed, a build
that runs with one that it has triggered, builds whose worker is gone, rows that belong to nothing, logs of every kind
and compression, NaN as a property, a patch that was tried twice.
"""

import base64
import bz2
import json
import sqlite3
import sys
import zlib

START = 1_700_000_000


def columns(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


class Filler:
    def __init__(self, db):
        self.db = db
        self.columns = {}

    def add(self, table, **values):
        """Inserts a row; columns that this version does not have are left out."""
        known = self.columns.setdefault(table, columns(self.db, table))
        names = [name for name in values if name in known]
        if names:
            marks = ", ".join("?" * len(names))
            self.db.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [values[name] for name in names]
            )

    def setup(self):
        add = self.add
        for id, name in enumerate(["host:/one", "host:/two"], 1):
            add("masters", id=id, name=name, name_hash=f"m{id}", active=2 - id, last_active=START)
        add("projects", id=1, name="Weir", name_hash="p", slug="weir", description="*dams*", description_format="markdown")
        add("codebases", id=1, projectid=1, name="main", name_hash="c", slug="main")
        for id in (1, 2):
            add("codebase_commits", id=id, codebaseid=1, author="Ada", committer=None, comments="a commit",
                when_timestamp=START, revision=f"{id:040}", parent_commitid=id - 1 or None)
        add("codebase_branches", id=1, codebaseid=1, name="main", name_hash="b", commitid=2, last_timestamp=START)
        for id, name in enumerate(["linux", "windows ä", "docs"], 1):
            add("builders", id=id, name=name, name_hash=f"b{id}", description=f"builds {name}", projectid=1)
            add("builder_masters", id=id, builderid=id, masterid=1)
        for id, name in enumerate(["fast", "nightly"], 1):
            add("tags", id=id, name=name, name_hash=f"t{id}")
            add("builders_tags", id=id, builderid=1, tagid=id)
        info = {"admin": "Eva", "host": "hut", "version": "3.5", "numcpus": 8, "environ": {"A": "b"}}
        for id, name in enumerate(["anna", "bert"], 1):
            add("workers", id=id, name=name, info=json.dumps(info), paused=id - 1, graceful=0, pause_reason="moved")
        for id, name in enumerate(["all", "force"], 1):
            add("schedulers", id=id, name=name, name_hash=f"s{id}", enabled=2 - id)
        add("changesources", id=1, name="poller", name_hash="x")
        for id, name in enumerate(["Ada <ada@example.org>", "Eva"], 1):
            add("users", uid=id, identifier=name, bb_username="ada" if id == 1 else None, bb_password="x")
            add("users_info", uid=id, attr_type="email", attr_data=f"{id}@example.org")
        for id in (1, 2):
            add("patches", id=id, patchlevel=1, patch_author="Ada", patch_comment="try", subdir=None,
                patch_base64=base64.b64encode(b"--- a\n+++ b\n").decode())

    def sources(self, count):
        for id in range(1, count + 1):
            self.add("sourcestamps", id=id, ss_hash=f"h{id}", branch="main", revision=f"{id:040}", patchid=None,
                     repository="https://example.org/weir.git", codebase="", project="", created_at=START + id)
            self.add("changes", changeid=id, author="Ada", committer="Eva", comments=f"change {id}\n\nwhy", branch="main",
                     revision=f"{id:040}", revlink=None, when_timestamp=START + id, category=None,
                     repository="https://example.org/weir.git", codebase="", project="", sourcestampid=id,
                     parent_changeids=id - 1 or None)
            self.add("change_files", changeid=id, filename=f"src/{id}.rs")
            self.add("change_properties", changeid=id, property_name="size", property_value=json.dumps([id, "Change"]))
        for id in (count + 1, count + 2):
            self.add("sourcestamps", id=id, ss_hash=f"h{id}", branch="main", revision=None, patchid=id - count,
                     repository="", codebase="", project="", created_at=START)

    def build(self, id, sources, steps=3):
        add = self.add
        begun = START + id * 60
        add("buildsets", id=id, external_idstring=None, reason="scheduler", submitted_at=begun, complete=1,
            complete_at=begun + 50, results=id % 3, parent_buildid=None, parent_relationship=None)
        add("buildset_properties", buildsetid=id, property_name="scheduler", property_value='["all", "Scheduler"]')
        add("buildset_sourcestamps", id=id, buildsetid=id, sourcestampid=1 + id % sources)
        add("buildrequests", id=id, buildsetid=id, builderid=1 + id % 3, priority=0, complete=1, results=id % 3,
            submitted_at=begun, complete_at=begun + 50, waited_for=0)
        add("buildrequest_claims", brid=id, masterid=1, claimed_at=begun + 1)
        add("builds", id=id, number=(id + 2) // 3, builderid=1 + id % 3, buildrequestid=id, workerid=1 + id % 2,
            masterid=1, started_at=begun + 2, complete_at=begun + 50, locks_duration_s=0,
            state_string="build successful", results=id % 3)
        for name, value in [("branch", "main"), ("buildername", "linux"), ("buildnumber", id), ("got_revision", f"{id:040}"),
                            ("workername", "anna"), ("owners", ["Ada", "Eva"])]:
            add("build_properties", buildid=id, name=name, value=json.dumps(value), source="Build")
        for number in range(steps):
            step = (id - 1) * steps + number + 1
            add("steps", id=step, number=number, name=["git", "compile", "test"][number % 3] + str(number // 3 or ""),
                buildid=id, started_at=begun + 3, locks_acquired_at=begun + 3, complete_at=begun + 40,
                state_string=f"step {number} done", results=0, urls_json="[]", hidden=0)
            text = "".join(f"o{id} line {line} of a compiler that says a little\n" for line in range(20)) + "hdone"
            add("logs", id=step, name="stdio", slug="stdio", stepid=step, complete=1, num_lines=21, type="s")
            add("logchunks", logid=step, first_line=0, last_line=20, content=zlib.compress(text.encode(), 9), compressed=1)

    def odd(self, builds, sources, steps=3):
        """What is there once or twice."""
        add = self.add
        log = builds * steps + 1
        text = b"oh\nno\n" * 8
        add("steps", id=log, number=9, name="odd", buildid=1, started_at=START, complete_at=START + 1, state_string="odd",
            results=2, urls_json='[{"name": "docs", "url": "https://example.org"}]', hidden=1)
        whole = {0: text[:-1], 1: zlib.compress(text[:-1]), 2: bz2.compress(text[:-1]), **compressed(text[:-1])}
        for method, content in whole.items():
            add("logs", id=log + method, name=f"log {method}", slug=f"log_{method}", stepid=log, complete=1,
                num_lines=16, type="t")
            add("logchunks", logid=log + method, first_line=0, last_line=15, content=content, compressed=method)
        more = [("h", 2, [b"<b>\nbold</b>"]), ("d", 7, []), ("s", 99, [b"oone\neone", "hä".encode()])]
        for number, (kind, lines, chunks) in enumerate(more, log + 10):
            add("logs", id=number, name=kind, slug=kind, stepid=log, complete=0, num_lines=lines, type=kind)
            first = 0
            for content in chunks:
                last = first + content.count(b"\n")
                add("logchunks", logid=number, first_line=first, last_line=last, content=content, compressed=0)
                first = last + 1
        add("build_properties", buildid=1, name="ratio", value="NaN", source="Build")
        add("build_properties", buildid=999_999, name="orphan", value="1", source="Build")
        add("build_data", id=1, buildid=1, name="coverage", value=b"\x00\xff", length=2, source="step")
        add("test_result_sets", id=1, builderid=2, buildid=1, stepid=log, description="unit", category="pass_only",
            value_unit="boolean", tests_passed=1, tests_failed=0, complete=1)
        add("test_names", id=1, builderid=2, name="it works")
        add("test_code_paths", id=1, builderid=2, path="src/lib.rs")
        add("test_results", id=1, builderid=2, test_result_setid=1, test_nameid=1, test_code_pathid=1, line=3,
            duration_ns=5_000, value="1")
        self.waiting(builds, log, sources)

    def waiting(self, builds, step, sources):
        """A build that runs, has triggered one, and waits for it; and requests that wait."""
        add = self.add
        for id, (parent, waited, claimed) in enumerate([(None, 0, 1), (builds + 1, 1, 1), (None, 0, 0), (None, 0, 0)], builds + 1):
            add("buildsets", id=id, external_idstring="x", reason="waits", submitted_at=START, complete=0,
                complete_at=None, results=-1, parent_buildid=parent, parent_relationship=parent and "Triggered from")
            add("buildset_sourcestamps", id=id, buildsetid=id, sourcestampid=1 + sources * (id == builds + 4))
            add("buildrequests", id=id, buildsetid=id, builderid=1, priority=id % 2, complete=0, results=-1,
                submitted_at=START, complete_at=None, waited_for=waited)
            if claimed:
                add("buildrequest_claims", brid=id, masterid=1, claimed_at=START)
        for id in (builds + 1, builds + 2):
            add("builds", id=id, number=1_000_000 + id, builderid=1, buildrequestid=id, workerid=None, masterid=1,
                started_at=START, complete_at=None, locks_duration_s=0, state_string="building", results=None)
            add("steps", id=step + id, number=0, name="git", buildid=id, started_at=START, complete_at=None,
                state_string="updating", results=None, urls_json="[]", hidden=0)


def compressed(text):
    """By lz4, zstd and brotli, where they are installed."""
    found = {}
    try:
        import brotli
        import lz4.block
        import zstandard

        found[3] = lz4.block.compress(text)
        stream = zstandard.ZstdCompressor(level=9).compressobj()
        found[4] = stream.compress(text) + stream.flush()
        found[5] = brotli.compress(text, mode=brotli.MODE_TEXT, quality=11)
    except ImportError:
        pass
    return found


def main(path, builds):
    db = sqlite3.connect(path)
    db.execute("PRAGMA foreign_keys = OFF")
    filler = Filler(db)
    sources = max(2, builds // 10)
    filler.setup()
    filler.sources(sources)
    for id in range(1, builds + 1):
        filler.build(id, sources)
    filler.odd(builds, sources)
    db.commit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
