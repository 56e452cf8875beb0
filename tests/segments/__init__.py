"""Conditions and the segments that they define."""
