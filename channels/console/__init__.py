"""The pages of connections: accounts that channels send through, and the sandbox's outbox."""
