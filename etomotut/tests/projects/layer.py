"""The checks that scipion-em-tomo asks of every plugin's outputs, run on each output of a stage.

What each check expects comes from what the output says of itself, so that the set, its items, and
their files must agree; what a stage never changes must be as in its input.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from pwem.constants import ALIGN_2D, ALIGN_NONE
from tomo.objects import (
    SetOfCoordinates3D,
    SetOfCTFTomoSeries,
    SetOfTiltSeries,
    SetOfTomograms,
    SetOfTomoMasks,
)

from etomotut.convert import quality
from etomotut.objects import SetOfAlignmentQuality

CONSTANT = ("getVoltage", "getSphericalAberration", "getAmplitudeContrast", "getMagnification")


def check_outputs(test: Any, protocol: Any) -> List[str]:
    """Check all outputs of a finished stage and give their names."""
    checked = []
    for name, output in protocol.iterOutputAttributes():
        test.assertTrue(output.isStreamClosed(), name)
        check = next((c for kind, c in CHECKS.items() if isinstance(output, kind)), None)
        if check is not None and output.getSize() and not name.startswith("Failed"):
            check(test, protocol, output)
            checked.append(name)
        output.close()
    return checked


def _check_series(test: Any, protocol: Any, output: Any) -> None:
    found = {ts_id: images for ts_id, (_, images) in test.series_of(output).items()}
    is_aligned = output.hasAlignment()
    test.checkTiltSeries(
        output,
        len(found),
        output.getSamplingRate(),
        imported=not is_aligned,
        alignment=ALIGN_2D if is_aligned else ALIGN_NONE,
        hasAlignment=is_aligned,
        hasOddEven=output.hasOddEven(),
        hasCtfCorrected=output.ctfCorrected(),
        isInterpolated=output.interpolated(),
        anglesCount={ts_id: len(images) for ts_id, images in found.items()},
        excludedViewsDict={ts_id: _disabled(images) for ts_id, images in found.items()},
        checkHeaderApix=False,
    )
    for series in output.iterItems():
        if _is_own(protocol, series.getFirstItem()):
            test.checkHeaderSRate(series, output.getSamplingRate())
        _check_acquisition(test, protocol, series)
        orders = [image.getAcquisitionOrder() for image in found[series.getTsId()]]
        test.assertEqual(len(set(orders)), len(orders))


def _check_tomograms(test: Any, protocol: Any, output: Any) -> None:
    test.checkTomograms(
        output,
        output.getSize(),
        output.getSamplingRate(),
        hasOddEven=output.hasOddEven(),
        hasHalves=output.hasOddEven(),
        ctfCorrected=output.ctfCorrected(),
    )
    for tomogram in output.iterItems():
        test.assertEqual(tomogram.ctfCorrected(), output.ctfCorrected())
        _check_acquisition(test, protocol, tomogram)


def _check_masks(test: Any, protocol: Any, output: Any) -> None:
    test.checkTomoMasks(output, output.getSize(), output.getSamplingRate())
    for mask in output.iterItems():
        test.assertTrue(mask.getVolName(), mask.getFileName())


def _check_estimations(test: Any, protocol: Any, output: Any) -> None:
    found = {each.getTsId(): [c.clone() for c in each.iterItems()] for each in output.iterItems()}
    disabled = {ts_id: _disabled(models) for ts_id, models in found.items()}
    test.checkCTFs(output, len(found), excludedViewsDict=disabled)
    test.assertIsNotNone(output.getSetOfTiltSeries())


def _check_coordinates(test: Any, protocol: Any, output: Any) -> None:
    is_oriented = not np.allclose(output.getFirstItem().getMatrix(), np.eye(4))
    test.checkCoordinates(
        output,
        output.getSize(),
        output.getBoxSize() or 0,
        output.getSamplingRate(),
        orientedParticles=is_oriented,
    )
    test.assertLessEqual(set(output.getTSIds()), set(output.getPrecedents().getTSIds()))


def _check_qualities(test: Any, protocol: Any, output: Any) -> None:
    """Ask of qualities what the checks ask of every set: items, files, numbers that agree."""
    test.assertSetSize(output, protocol.TiltSeries.getSize())
    for found in output.iterItems():
        told = quality.read(found.getFileName())
        test.assertIn(found.getTsId(), protocol.TiltSeries.getTSIds())
        test.assertEqual((told["series"], told["verdict"]), (found.getTsId(), found.getVerdict()))
        test.assertEqual(told["reasons"], found.getReasons())
        for name, value in told["values"].items():
            stored = found.value(name)
            test.assertTrue(stored is value is None or abs(stored - value) < 1e-6, name)
    with open(Path(protocol._getExtraPath()) / quality.TABLE, newline="") as file:
        rows = [row["series"] for row in csv.DictReader(file)]
    test.assertEqual(sorted(rows), sorted(output.getUniqueValues("_tsId")))


def _disabled(items: List[Any]) -> List[int]:
    return [place for place, item in enumerate(items) if not item.isEnabled()]


def _is_own(protocol: Any, image: Any) -> bool:
    path = Path(image.getFileName())
    return not path.is_symlink() and Path(protocol.getPath()) in path.parents


def _check_acquisition(test: Any, protocol: Any, item: Any) -> None:
    known: Dict[str, Any] = {}
    for each in protocol.source.get().iterItems() if hasattr(protocol, "source") else ():
        known[each.getTsId()] = each.getAcquisition() if hasattr(each, "getAcquisition") else None
    before, after = known.get(item.getTsId()), item.getAcquisition()
    for name in CONSTANT if before is not None else ():
        test.assertEqual(getattr(after, name)(), getattr(before, name)(), name)


CHECKS = {
    SetOfTiltSeries: _check_series,
    SetOfTomoMasks: _check_masks,
    SetOfTomograms: _check_tomograms,
    SetOfCTFTomoSeries: _check_estimations,
    SetOfCoordinates3D: _check_coordinates,
    SetOfAlignmentQuality: _check_qualities,
}
