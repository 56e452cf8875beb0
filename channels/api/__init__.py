"""What apps and sites of customers call, without a log-in."""
