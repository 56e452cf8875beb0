"""Approvals: policies, requests and decisions."""
