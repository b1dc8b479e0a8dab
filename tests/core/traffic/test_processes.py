"""Many processes write to one log at once, in SQLite and in PostgreSQL: nothing is lost, nothing is double."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

sa = pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute import Query, Router  # noqa: E402
from crossroute.traffic import TrafficLog, schema  # noqa: E402
from crossroute.traffic.recorder import Recorder  # noqa: E402

PROCESSES, DECISIONS = 8, 50


def server_program(name):
    """The path of a program of PostgreSQL's server; Debian keeps these off the PATH."""
    found = shutil.which(name) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None
    )
    return found or pytest.skip("PostgreSQL is not installed: apt-get install postgresql")


@pytest.fixture(scope="module")
def postgres():
    """The URL of a server of this test's own; run as root, it is the user `postgres` who runs it."""
    initdb, pg_ctl = server_program("initdb"), server_program("pg_ctl")
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    identity = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
    with socket.socket() as free, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        if user:
            os.chown(place, user.pw_uid, user.pw_gid)
        free.close()
        quiet = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "cwd": place,
            **identity,
        }
        subprocess.check_call([initdb, "-D", f"{place}/data", "-A", "trust", "-N", "-U", "postgres"], **quiet)
        serve = [pg_ctl, "-D", f"{place}/data", "-w"]
        subprocess.check_call([*serve, "-o", f"-p {port} -k {place}", "-l", f"{place}/log", "start"], **quiet)
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        subprocess.check_call([*serve, "-m", "immediate", "stop"], **quiet)


def write(url, router):
    log = TrafficLog(url)
    recorder = Recorder(log)
    for number in range(DECISIONS):
        own = router.route(f"What is {number}?")
        recorder.asked(own, Query("What is 1?"), router)
        recorder.decided(own)
        if number % 10 == 0:
            log.feedback(own.id, 1.0)
    assert log.flush()
    log.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_write_at_once_and_nothing_is_lost_or_double(kind, request, tmp_path):
    url = f"sqlite:///{tmp_path}/t.db" if kind == "sqlite" else request.getfixturevalue("postgres")
    router = Router.from_pretrained("routerbench")
    router.route("What is 1?")  # the encoder is loaded once
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write, args=(url, router)) for _ in range(PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    log = TrafficLog(url)
    with log.reading() as connection:
        for table, expected in ((schema.decisions, DECISIONS), (schema.feedback, DECISIONS // 10)):
            count = sa.select(sa.func.count()).select_from(table)
            assert connection.execute(count).scalar() == PROCESSES * expected
    log.close()
