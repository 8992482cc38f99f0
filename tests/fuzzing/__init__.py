"""Fuzzing of all that reads what others wrote: files, templates, paths, bodies to redact, webhooks, ISO 8583, DNS.

`targets.py` says what may come of any input, `test_targets.py` tries it by hypothesis (more of it in `make soak`), and
`python -m fuzzing TARGET --seconds 600` (in this folder's parent) goes on for as long as wanted: led by coverage where
atheris is installed, by mutating the seeds where it is not.
"""

NAMES = ("loader", "templates", "jsonpath", "redactor", "webhooks", "iso8583", "dns")
"""What can be fuzzed; known before anything that is fuzzed is imported."""
