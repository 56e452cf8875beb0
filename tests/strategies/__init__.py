"""Strategies for tests: good ones and bad ones. They run in processes of their own, as every strategy does."""
