#!/usr/bin/env python
"""Command line of the campaign console: `up` runs everything, the rest is Django's."""

import os
import sys
from pathlib import Path

# `up` starts the server itself; the others never read a row.
WITHOUT_DATABASE = {"up", "help", "--help", "--version", "check", "collectstatic", "diffsettings", "version"}


def main() -> None:
    """Run one management command; the embedded database answers meanwhile if no DATABASE_URL is set."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured

    try:
        run()
    except ImproperlyConfigured as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


def run() -> None:
    """Run the command that the arguments name; raises ImproperlyConfigured where a setting or folder forbids it."""
    from django.conf import settings
    from django.core.management import execute_from_command_line

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if not settings.DATABASE_IS_EMBEDDED or command in WITHOUT_DATABASE:
        execute_from_command_line(sys.argv)
        return
    from config.embedded_postgres import available

    with available(settings.DATA_DIR):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
