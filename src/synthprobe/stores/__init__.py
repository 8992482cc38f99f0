"""Rows: the engines and the plain SQL behind every stored promise."""
