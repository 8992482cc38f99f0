"""Alertmanager's API v2, for amtool, Prometheus and whatever else speaks it."""
