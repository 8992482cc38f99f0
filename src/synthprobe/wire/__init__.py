"""The measuring instrument: requests as bytes, answers as values, with phases, limits and typed failures."""
