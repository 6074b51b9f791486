"""Compiled loops, called from the engine only: typed arrays, written in place."""
