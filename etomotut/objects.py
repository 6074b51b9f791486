"""Scipion objects that scipion-em-tomo lacks: surfaces of membranes, and qualities of alignments.

Surfaces are triangles in files, in Å in the frame of their tomogram, whose zero Scipion's origins
are counted from. Qualities are numbers, with more of them in files.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pwem.objects import EMObject, EMSet
from pyworkflow.object import CsvList, Float, Integer, String

from etomotut.programs.alignquality_names import COUNTS, QUANTITIES

MEASURES = (
    *("area", "seen", "closedArea", "volume", "radius", "meanCurvature", "gaussianCurvature"),
    *("thickness", "distance", "x", "y", "z"),
)


class _Filed:
    """What is known of one tilt series, with more of it in a file."""

    _tsId: String
    _fileName: String

    def getTsId(self) -> str:
        """Give the identifier of the tilt series, or of its tomogram."""
        return str(self._tsId.get())

    def getFileName(self) -> str:
        """Give the file: triangles of a surface, all numbers of a quality."""
        return str(self._fileName.get())

    def getFiles(self) -> set:  # type: ignore[type-arg]
        """Give the files that belong to it."""
        return {self.getFileName()}


class MembraneSurface(_Filed, EMObject):
    """The surface of one membrane; lengths in nm, its centre in Å, what is not known is None.

    `seen` is the share of the closed surface that the mask shows, `isCut` says that the membrane
    reaches a face of the tomogram, `neighbour` is the instance that comes nearest.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tsId = String(kwargs.get("tsId"))
        self._fileName = String(kwargs.get("fileName"))
        self._instance = Integer(kwargs.get("instance"))
        self._isCut = Integer(0)
        self._neighbour = Integer()
        self._scripts = CsvList()
        for name in MEASURES:
            setattr(self, f"_{name}", Float())

    def getInstance(self) -> int:
        """Give its number among the membranes of the tomogram."""
        return int(self._instance.get())

    def isCut(self) -> bool:
        """Whether more of the membrane may lie beyond the tomogram."""
        return bool(self._isCut.get())

    def getScene(self) -> str:
        """Give the HTML file that shows all surfaces of the tomogram."""
        return str(self._scripts[0])

    def getScript(self) -> str:
        """Give the ChimeraX script that opens tomogram, masks and surfaces."""
        return str(self._scripts[1])

    def setScripts(self, scene: str, script: str) -> None:
        """Set the files that show the tomogram's surfaces."""
        self._scripts.set([scene, script])

    def measures(self) -> Dict[str, Any]:
        """Give what was measured, by name."""
        return {name: getattr(self, f"_{name}").get() for name in MEASURES}

    def setMeasures(self, values: Dict[str, Any]) -> None:
        """Set what was measured, by name; raises KeyError for a name that is none."""
        for name, value in values.items():
            if name not in MEASURES:
                raise KeyError(name)
            getattr(self, f"_{name}").set(value)

    def setNeighbour(self, instance: int) -> None:
        """Set which instance comes nearest."""
        self._neighbour.set(instance)

    def getNeighbour(self) -> Any:
        """Give which instance comes nearest, None if there is no other."""
        return self._neighbour.get()

    def setCut(self, is_cut: bool) -> None:
        """Set whether it reaches a face of the tomogram."""
        self._isCut.set(int(is_cut))

    def __str__(self) -> str:
        return f"{self.getTsId()}, membrane {self.getInstance()}"


class SetOfMembraneSurfaces(EMSet):
    """Surfaces of the membranes of tomograms."""

    ITEM_TYPE = MembraneSurface

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._samplingRate = Float()

    def getSamplingRate(self) -> Any:
        """Give the pixel size (Å) of the masks that the surfaces were made from."""
        return self._samplingRate.get()

    def setSamplingRate(self, pixel_size: float) -> None:
        """Set the pixel size (Å) of the masks that the surfaces were made from."""
        self._samplingRate.set(pixel_size)

    def __str__(self) -> str:
        return f"{self.getClassName()} ({self.getSize()} items, from {self.getSamplingRate()} Å/px)"


class AlignmentQuality(_Filed, EMObject):
    """How good the alignment of a tilt series is; what is not known is None.

    Its file (JSON) tells the same numbers and those of each view and bead.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tsId = String(kwargs.get("tsId"))
        self._fileName = String(kwargs.get("fileName"))
        self._verdict = String(kwargs.get("verdict"))
        self._reasons = String("\n".join(kwargs.get("reasons", ())))
        self._program = String(kwargs.get("program"))
        self._marksAre = String(kwargs.get("marks"))
        for name in COUNTS:
            setattr(self, _attribute(name), Integer())
        for name in QUANTITIES:
            setattr(self, _attribute(name), Float())

    def getVerdict(self) -> str:
        """Give "good", "usable", "bad", or "unknown" where nothing could be measured."""
        return str(self._verdict.get())

    def getReasons(self) -> List[str]:
        """Give why, the most important first."""
        return str(self._reasons.get() or "").split("\n")

    def getProgram(self) -> str:
        """Give the program that aligned the series."""
        return str(self._program.get())

    def getMarksAre(self) -> str:
        """Give what was tracked: "beads", "patches" or "none"."""
        return str(self._marksAre.get())

    def value(self, name: str) -> Any:
        """Give what was measured under a name of COUNTS or QUANTITIES; raises KeyError."""
        if name not in COUNTS and name not in QUANTITIES:
            raise KeyError(name)
        return getattr(self, _attribute(name)).get()

    def values(self) -> Dict[str, Any]:
        """Give all that was measured, by name."""
        return {name: self.value(name) for name in (*COUNTS, *QUANTITIES)}

    def setValue(self, name: str, value: Optional[float]) -> None:
        """Set what was measured under a name of COUNTS or QUANTITIES; raises KeyError."""
        self.value(name)
        getattr(self, _attribute(name)).set(value)

    def __str__(self) -> str:
        return f"{self.getTsId()}: {self.getVerdict()}"


class SetOfAlignmentQuality(EMSet):
    """Qualities of the alignments of tilt series."""

    ITEM_TYPE = AlignmentQuality

    def __str__(self) -> str:
        return f"{self.getClassName()} ({self.getSize()} items)"


def _attribute(name: str) -> str:
    """Give the attribute of a measure, as Scipion writes names: _residualMeanPx."""
    first, *others = name.split("_")
    return f"_{first}" + "".join(word[:1].upper() + word[1:] for word in others)
