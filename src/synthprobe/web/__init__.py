"""Pages, JSON API, metrics and health, read from the store."""
