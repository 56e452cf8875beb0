"""Firebase Cloud Messaging: notifications to apps on Android, iOS and the web."""
