"""What the processes of the console log, and how."""

import logging


class WithoutTraceback(logging.Filter):
    """Keeps the message of an error and drops its traceback: for causes outside the program, such as a broker away."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, shortened."""
        record.exc_info = None
        record.exc_text = None
        return True
