"""Viewers of tilt series, fiducial models, tomograms and alignments, and 3dmod beside them.

What is shown is a model without a window (`series_model`, `tomogram_model`); the windows are in
`windows`; `listing` and `gather` turn Scipion's objects into models; Scipion finds the classes
below.
"""

from etomotut.viewers.entries import (
    EtomotutAlignmentViewer,
    EtomotutFiducialViewer,
    EtomotutImodViewer,
    EtomotutResultsViewer,
    EtomotutSeriesViewer,
    EtomotutTomogramViewer,
)

__all__ = [
    "EtomotutAlignmentViewer",
    "EtomotutFiducialViewer",
    "EtomotutImodViewer",
    "EtomotutResultsViewer",
    "EtomotutSeriesViewer",
    "EtomotutTomogramViewer",
]
