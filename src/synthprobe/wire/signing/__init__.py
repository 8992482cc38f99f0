"""Signatures on requests: each turns a whole message and a key into headers, and knows nothing of probes."""
