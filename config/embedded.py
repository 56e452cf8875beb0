"""What one machine needs without installing a server: paths and settings of the embedded PostgreSQL and broker.

Everything lives in the data folder (`DATA_DIR`). Starting and stopping the server is `config.embedded_postgres`.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# The file that says whose data folder this is, and in which format its contents are.
MARKER = ".campaign-console"
DATA_FORMAT = "1"
BROKER_URL = "filesystem://localhost"
DATABASE_NAME = "campaigns"
DATABASE_USER = "postgres"
# The kernel limits the path of a Unix socket to 107 bytes; `.s.PGSQL.5432.lock` is what PostgreSQL puts behind the folder.
LONGEST_SOCKET_FOLDER = 80


class CannotStart(ImproperlyConfigured):
    """The data folder or a service in it cannot be used; the message is one line a person can act on."""


def postgres_folder(data_dir: Path) -> Path:
    """Return the folder of the database cluster."""
    return data_dir / "postgres"


def socket_folder(data_dir: Path) -> Path:
    """Return the folder of the server's socket: in the data folder, or a short one of its own if that is too deep."""
    inside = data_dir / "socket"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"campaigns-{digest}"


def database_settings(data_dir: Path, name: str = DATABASE_NAME) -> dict[str, Any]:
    """Return Django's settings of the embedded database `name` in `data_dir`."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": DATABASE_USER,
        "HOST": str(socket_folder(data_dir)),
        "PORT": "5432",
    }


def is_embedded_broker(url: str) -> bool:
    """Say whether `url` names the broker that lives in the data folder."""
    return urlsplit(url).scheme == "filesystem"


def broker_options(url: str, data_dir: Path) -> dict[str, Any]:
    """Return kombu's transport options for `url`; a broker that is down must fail fast, not hold a web request."""
    if is_embedded_broker(url):
        claim_data_folder(data_dir)
        messages = data_dir / "broker" / "messages"
        control = data_dir / "broker" / "control"
        for folder in (messages, control):
            folder.mkdir(parents=True, exist_ok=True)
        return {
            "polling_interval": 0.2,
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(control),
        }
    if urlsplit(url).scheme in {"redis", "rediss"}:
        return {"socket_connect_timeout": 2, "socket_timeout": 5, "max_retries": 0}
    return {"max_retries": 0, "connect_timeout": 2}


def claim_data_folder(data_dir: Path) -> None:
    """Make `data_dir` ours, or raise CannotStart: a foreign folder, a newer program's, or one we cannot write."""
    marker = data_dir / MARKER
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if marker.exists():
            version = marker.read_text().strip()
            if version != DATA_FORMAT:
                raise CannotStart(
                    f"{data_dir} was made by a newer version of this program (data format {version}, "
                    f"this one knows {DATA_FORMAT}); choose another DATA_DIR"
                )
            return
        foreign = any(not entry.name.startswith(MARKER) for entry in data_dir.iterdir())
        # Asked again: another process may just have made the folder ours.
        if foreign and not marker.exists():
            raise CannotStart(f"{data_dir} holds something else; choose an empty or new folder as DATA_DIR")
        _write_once(marker, DATA_FORMAT)
    except OSError as error:
        raise CannotStart(f"the data folder {data_dir} cannot be used: {error.strerror}") from error


def secret_key(data_dir: Path) -> str:
    """Return the installation's own secret key, made on first use and kept readable by its owner only."""
    claim_data_folder(data_dir)
    path = data_dir / "secret_key"
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(50))
    return path.read_text()


def _write_once(path: Path, content: str) -> None:
    """Write a file unless it exists, whole or not at all: two processes starting at once then agree on one."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=MARKER)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()


def empty_broker(data_dir: Path) -> None:
    """Forget wake-up calls of an earlier run: what is due is found in the database anyway."""
    for file in (data_dir / "broker" / "messages").iterdir():
        file.unlink(missing_ok=True)
