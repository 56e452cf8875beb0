"""Ground for benchmarks: a database of their own, and processes that start together and report what they cost."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

URL = os.environ.get("BENCH_DATABASE_URL", "postgres://root@127.0.0.1:5432/bench")


def prepare() -> None:
    """Make the database if it is not there, point Django at it and migrate it. Call before any model is imported."""
    import psycopg

    server, _, name = URL.rpartition("/")
    with psycopg.connect(
        f"{server}/postgres".replace("postgres://", "postgresql://"), autocommit=True
    ) as database:
        if not database.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            database.execute(f'CREATE DATABASE "{name}"')
    os.environ["DATABASE_URL"] = URL
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["LOG_LEVEL"] = "WARNING"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    connections.close_all()


def dsn() -> str:
    """The address for a bare driver."""
    return URL.replace("postgres://", "postgresql://")


def side_by_side(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Run ``work(go, *arguments)`` in one process for each item; ``go()`` waits for the common start.

    Answers the wall-clock seconds of the slowest, the CPU seconds of all, the largest memory in MiB, and the results.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(arguments) + 1)
    answers: Any = context.Queue()
    processes = [context.Process(target=_child, args=(work, barrier, answers, item)) for item in arguments]
    for process in processes:
        process.start()
    barrier.wait()
    started = time.perf_counter()
    reports = [answers.get() for _ in processes]
    seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    return {
        "seconds": seconds,
        "cpu_seconds": sum(report["cpu"] for report in reports),
        "mebibytes": max(report["mebibytes"] for report in reports),
        "results": [report["result"] for report in reports],
    }


def _child(work: Callable[..., Any], barrier: Any, answers: Any, item: tuple[Any, ...]) -> None:
    cpu = 0.0

    def go() -> None:
        nonlocal cpu
        barrier.wait()
        cpu = time.process_time()

    result: Any = None
    try:
        result = work(go, *item)
    finally:
        answers.put(
            {
                "cpu": time.process_time() - cpu,
                "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "result": result,
            }
        )
