"""Channels: connections, the delivery ledger and the providers that send."""
