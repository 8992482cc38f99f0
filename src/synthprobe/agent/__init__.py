"""Schedules and runs the checks of its regions, keeps a spool, and knows nothing of people."""
