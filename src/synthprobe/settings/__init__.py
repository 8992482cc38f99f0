"""SYNTHPROBE_* and flags → `Settings`; the only reader of os.environ."""
