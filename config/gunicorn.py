"""What `manage.py up` tells gunicorn beyond its command line."""

from typing import Any

from config.processes import die_with_parent


def post_fork(_server: Any, worker: Any) -> None:
    """A web process ends with the one that started it, whatever it is doing: the port must be free for the next."""
    die_with_parent(parent=worker.ppid)
