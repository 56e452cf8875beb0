"""The faults a sink is told to have: a list of rules, the first that applies wins.

A rule is a JSON object. ``verb`` and ``match`` choose when it applies:

* ``verb``: SMTP ``CONNECT EHLO STARTTLS AUTH MAIL RCPT DATA BODY DOT`` (BODY: first bytes after DATA;
  DOT: the whole message has come); HTTP ``REQUEST``. Left out: DOT and REQUEST.
* ``match``: a regular expression searched in the recipient (at MAIL: the sender) or in path and body (HTTP).
* ``skip``: let this many pass first; ``times``: apply at most so often; ``once_each``: once per matched text.

The rest says what to do:

* SMTP ``reply``: the reply line, such as ``"450 4.7.1 come back later"``; HTTP ``status``, ``headers``, ``body``.
* ``accept`` (HTTP): journal the request although the status says no.
* ``action``: ``close`` (DOT and REQUEST: journal first, then cut without a word), ``refuse`` (cut, nothing
  journalled), ``silent`` (never answer), ``drip`` (the answer one byte every ``delay_ms``),
  ``endless`` (HTTP: a body that never ends).
* ``delay_ms``: answer later.
"""

from __future__ import annotations

import re
from typing import Any


class Script:
    """Rules with their counters."""

    def __init__(self, rules: list[dict[str, Any]], default_verb: str) -> None:
        self._rules = [Rule(rule, default_verb) for rule in rules]
        self.verbs = {rule.verb for rule in self._rules}

    def find(self, verb: str, text: str) -> dict[str, Any] | None:
        """The rule that applies to this moment, or None."""
        if verb not in self.verbs:
            return None
        for rule in self._rules:
            if rule.verb == verb and rule.applies(text):
                return rule.effect
        return None


class Rule:
    """One rule and how often it has been used."""

    def __init__(self, rule: dict[str, Any], default_verb: str) -> None:
        self.effect = rule
        self.verb = rule.get("verb", default_verb)
        self._pattern = re.compile(rule.get("match", ""))
        self._skip = rule.get("skip", 0)
        self._times = rule.get("times", float("inf"))
        self._seen: set[str] | None = set() if rule.get("once_each") else None

    def applies(self, text: str) -> bool:
        """Whether the rule applies now; counts the use."""
        if not self._pattern.search(text) or (self._seen is not None and text in self._seen):
            return False
        if self._skip > 0:
            self._skip -= 1
            return False
        if self._times <= 0:
            return False
        self._times -= 1
        if self._seen is not None:
            self._seen.add(text)
        return True
