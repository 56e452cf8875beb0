"""Google Ads: people into and out of a customer match list."""
