"""Campaigns: people, lifecycles, journeys and the gateway through which everything changes."""
