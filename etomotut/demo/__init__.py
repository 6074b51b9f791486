"""Simulated exosome tilt series with a known truth; docs/demo-data.md describes the model.

`simulate(PRESETS["small"][0])` gives a Series, `write(series, folder)` its files;
`truth.alignment_error` measures an alignment against the truth.
"""

from etomotut.demo.parameters import HARD, PRESETS, Parameters, series_of

__all__ = ["HARD", "PRESETS", "Parameters", "series_of"]
