"""Slack: messages into channels and to people, through a bot."""
