"""TikTok: people into and out of a custom audience."""
