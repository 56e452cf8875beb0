"""Faults: real processes that are killed, stopped and cut off, and a checker that trusts only what arrived."""
