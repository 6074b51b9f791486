"""Embedded programs beside those of IMOD, on the same arguments."""
