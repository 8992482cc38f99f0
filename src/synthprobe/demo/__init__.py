"""`synthprobe demo`: a real third-party API, a fault proxy before it, and the product watching both."""
