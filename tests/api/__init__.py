"""The HTTP API: one file a resource, the same people everywhere."""
