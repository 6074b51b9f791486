"""The tilt axis as the series were imported with it."""

from __future__ import annotations

from typing import Any

from pyworkflow.wizard import Wizard

from etomotut.protocols import ProtEtomotutPrealign


class TiltAxisWizard(Wizard):  # type: ignore[misc]
    """Write the imported angle of the tilt axis into the form."""

    _targets = [(ProtEtomotutPrealign, ["tiltAxisAngle"])]

    def show(self, form: Any, *params: Any) -> None:
        """Fill the field; leave it as it is where there is no input or the input has no axis."""
        series = form.protocol.inputSetOfTiltSeries.get()
        angle = None if series is None else series.getAcquisition().getTiltAxisAngle()
        if angle is not None:
            form.setVar("tiltAxisAngle", angle)
