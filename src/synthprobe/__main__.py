"""`python -m synthprobe`."""

from synthprobe.entry import main

main()
