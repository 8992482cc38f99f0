"""YAML text to core values: the only place where untyped dicts exist; every error says file:line:column."""
