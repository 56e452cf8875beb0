"""Tests of channels: providers, rendering, dispatch."""
