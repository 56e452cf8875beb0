"""Chooses the database of the run: TEST_DATABASE_URL, or an embedded PostgreSQL of its own that is gone afterwards.

Wake-up calls go to TEST_BROKER_URL, or nowhere: tests ring the engine themselves, or start real workers of their own.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings

from config import database_url, embedded
from config.embedded_postgres import PostgresServer

pytest_plugins = [
    "tests.emptying", "tests.fixtures", "tests.product", "tests.properties", "tests.sharing_out", "tests.sinks.fixtures",
]  # fmt: skip

# Speed over durability: nothing in these databases outlives the run.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
DATABASE = "TEST_DATABASE_URL"
BROKER = "TEST_BROKER_URL"
FOLDER = "TEST_DATA_DIR"

_folder: Path | None = None
_server: PostgresServer | None = None


def _is_worker(config: pytest.Config) -> bool:
    """Say whether this process is one of pytest-xdist's workers."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Point Django and Celery at the run's own database and broker before anything connects."""
    if not _is_worker(config) and not config.option.collectonly:
        _prepare_services()
    if os.environ.get(DATABASE):
        settings.DATABASES["default"].update(database_url.parse(os.environ[DATABASE], DATABASE))
    _choose_broker(os.environ.get(BROKER) or "memory://")
    settings.DATA_DIR = Path(os.environ.get(FOLDER) or settings.DATA_DIR)
    if _is_worker(config):
        settings.DATA_DIR /= config.workerinput["workerid"]
    settings.AXES_ENABLED = False
    # Nobody asks a test's client for static files, and each client would look through all of them first.
    settings.WHITENOISE_USE_FINDERS = False
    settings.CAMPAIGN_STRATEGIES = [*settings.CAMPAIGN_STRATEGIES, "tests.strategies.good.EveryoneAtOnce"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_finish() -> None:
    """What has been loaded by now stays: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()


def _prepare_services() -> None:
    """Make the run's data folder and, unless a server is named, its database; workers inherit both by environment."""
    global _folder, _server
    _folder = Path(tempfile.mkdtemp(prefix="campaigns-test-"))
    _folder.chmod(0o755)
    os.environ[FOLDER] = str(_folder)
    _keep_bytecode(_folder / "bytecode")
    if not os.environ.get(DATABASE):
        _server = PostgresServer(_folder, FAST)
        _server.start()
        os.environ[DATABASE] = f"postgres://{embedded.DATABASE_USER}@/campaigns?host={_server.sockets}"


def _keep_bytecode(folder: Path) -> None:
    """Where Python is told to keep no bytecode, a run keeps its own: it starts many processes, which would each compile
    everything again."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def _choose_broker(url: str) -> None:
    """Send wake-up calls there, never to the broker of an installation that runs beside the tests."""
    current_app.conf.update(
        broker_url=url,
        broker_transport=None,
        broker_transport_options=embedded.broker_options(url, settings.DATA_DIR),
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the embedded server and remove the run's folder."""
    if _server is not None:
        _server.stop()
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
