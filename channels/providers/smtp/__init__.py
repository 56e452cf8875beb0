"""Email over SMTP: kept connections, pipelining, messages built from a compiled skeleton."""
