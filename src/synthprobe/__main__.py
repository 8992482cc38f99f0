"""`python -m synthprobe`."""

from synthprobe.cli import main

main()
