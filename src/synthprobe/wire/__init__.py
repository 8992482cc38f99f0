"""The measuring instrument: an HTTP transport that knows phases, limits and typed failures; httpx is the seam."""
