"""Twilio: text messages, WhatsApp and calls."""
