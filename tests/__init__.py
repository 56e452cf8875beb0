"""Tests: one file a behaviour; they read like the specification."""
