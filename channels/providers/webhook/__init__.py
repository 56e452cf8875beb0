"""Webhooks: signed HTTP requests to an address that the workspace chose."""
