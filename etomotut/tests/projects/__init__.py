"""Stages run in real projects; Scipion's own test runner finds them, too."""
