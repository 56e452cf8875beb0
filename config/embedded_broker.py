"""The embedded broker: kombu's filesystem transport, with messages that appear and disappear in one step.

The stock transport creates a message file and then writes it, so a reader in between finds half a message
and its worker stumbles. Here a message is written aside and renamed into the queue, and taken out by a rename.
"""

import uuid
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """A channel whose queue is a folder with one file a message: `<time>_<unique>.<queue>.msg`."""

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time_ns():020d}_{uuid.uuid4()}"
        draft = folder / f"{name}.draft"
        draft.write_text(dumps(payload))
        draft.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        folder = Path(self.data_folder_in)
        for waiting in sorted(folder.glob(f"*.{queue}.msg")):
            taken = waiting.with_suffix(".taken")
            try:
                waiting.rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            content = taken.read_text()
            taken.unlink()
            return loads(content)
        raise Empty


class Transport(filesystem.Transport):
    """Chosen by `CELERY_BROKER_TRANSPORT` when the broker is the embedded one."""

    Channel = Channel
