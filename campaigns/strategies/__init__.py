"""Strategies of python campaigns: those that come along, the registry, and the process that runs them. No Django here.

A strategy of your own lives in a module of your own; register it with the setting ``CAMPAIGN_STRATEGIES`` or the entry
point group ``campaign_console.strategies``.
"""

from campaigns.domain.strategies import Contact, PlannedCommunication, Strategy

__all__ = ["Contact", "PlannedCommunication", "Strategy"]
