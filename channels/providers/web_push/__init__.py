"""Web push: notifications to browsers by the open standards (RFC 8030, 8291, 8292)."""
