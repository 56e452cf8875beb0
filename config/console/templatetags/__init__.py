"""Template tags of the page toolkit."""
