"""A whole day of synthprobe in two minutes: a payment API, faults in front of it, and somebody who is paged."""

LOOPBACK = "127.0.0.1"
