"""synthprobe: scripted synthetic payment flows, traced, deduplicated and routed to the team that is awake."""

__version__ = "0.1.0"
