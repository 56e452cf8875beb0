"""The approver's place: requests, decisions, notifications, policy."""
