"""Vonage: text messages through the SMS API."""
