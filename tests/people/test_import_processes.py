"""Imports in a process of their own: killed with SIGKILL they lose and repeat no row; their memory stays flat."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from campaigns.models import ImportJob, Person
from tests import factories
from tests.people.files import HEADER, as_csv, counts, people_rows, queued

ROOT = Path(__file__).resolve().parents[2]

_CHILD = """
import json, re, sys
from pathlib import Path
import django
from django.conf import settings
settings.DATABASES["default"].update(json.loads(sys.argv[1]))
django.setup()
from campaigns.services.importing import run_import
def tell(job):
    # The kernel's own high-water mark; getrusage would count the memory of the process this one was forked from.
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print(job.records_done, peak, flush=True)
run_import(int(sys.argv[2]), on_progress=tell, take_over=True)
"""


def child(job: ImportJob) -> subprocess.Popen:
    """A process of its own that runs the import and prints, after every batch, how far it is and its memory in KiB."""
    names = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
    database = json.dumps({name: str(connection.settings_dict[name] or "") for name in names})
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, database, str(job.pk)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_after_a_committed_batch_it_resumes_without_losing_or_repeating_a_row(path):
    workspace = factories.WorkspaceFactory()
    rows = people_rows(60_000)
    for number in range(0, 60_000, 20):
        rows[number][5], rows[number][6] = "bad", ""
    rows[55_001][1] = rows[1][1]
    job = queued(workspace, path, as_csv(rows))
    for kill_at in (20_000, 40_000):
        process = child(job)
        for line in process.stdout:
            if int(line.split()[0]) >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
    process = child(job)
    process.communicate()
    assert process.returncode == 0
    job.refresh_from_db()
    assert counts(job) == {"records_done": 60_000, "created": 56_999, "refused": 3_001}
    assert Person.objects.filter(workspace=workspace).count() == 56_999
    assert job.refused_rows.count() == job.refused_rows.values("line").distinct().count() == 3_001
    assert job.refused_rows.get(line=55_003).error == "“id00000002” is already on line 3; that row counts."
    assert not [
        cells for cells in job.refused_rows.values_list("values", flat=True) if len(cells) != len(HEADER)
    ]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_memory_is_flat_over_a_hundred_thousand_rows(path):
    workspace = factories.WorkspaceFactory()
    job = queued(workspace, path, as_csv(people_rows(100_000)))
    process = child(job)
    memory = [int(line.split()[1]) for line in process.stdout]
    assert process.wait() == 0
    assert len(memory) == 20
    assert max(memory) <= 120 * 1024, memory
    # From the second batch to the last the process grows by less than a batch's own rows take.
    assert memory[-1] - memory[2] < 8 * 1024, memory
