"""Viewers of tilt series, fiducial models, tomograms, surfaces and alignments, and 3dmod.

What is shown is a model without a window (`series_model`, `tomogram_model`); the windows are in
`windows`; `listing` and `gather` turn Scipion's objects into models; Scipion finds the classes
below.
"""

# Scipion offers viewers in the alphabetical order of these names. Ours come after tomo's own,
# which can exclude views, and before those that show any set as a table.
# The report comes last: it takes a while, and is for all that led to a result.
from etomotut.viewers.coordinates import EtomotutCoordinatesViewer
from etomotut.viewers.ctf import EtomotutCtfViewer
from etomotut.viewers.entries import (
    EtomotutAlignmentViewer,
    EtomotutFiducialEditor,
    EtomotutImodViewer,
    EtomotutResultsViewer,
)
from etomotut.viewers.entries import EtomotutFiducialViewer as AEtomotutFiducialViewer
from etomotut.viewers.entries import EtomotutSeriesViewer as AEtomotutSeriesViewer
from etomotut.viewers.entries import EtomotutTomogramViewer as AEtomotutTomogramViewer
from etomotut.viewers.quality import EtomotutQualityViewer
from etomotut.viewers.report import EtomotutReportViewer as ZEtomotutReportViewer
from etomotut.viewers.surfaces import EtomotutChimeraViewer, EtomotutSurfaceViewer

__all__ = [
    "AEtomotutFiducialViewer",
    "AEtomotutSeriesViewer",
    "AEtomotutTomogramViewer",
    "EtomotutAlignmentViewer",
    "EtomotutChimeraViewer",
    "EtomotutCoordinatesViewer",
    "EtomotutCtfViewer",
    "EtomotutFiducialEditor",
    "EtomotutImodViewer",
    "EtomotutQualityViewer",
    "EtomotutResultsViewer",
    "EtomotutSurfaceViewer",
    "ZEtomotutReportViewer",
]
