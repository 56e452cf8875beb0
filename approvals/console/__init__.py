"""The approvers' inbox."""
