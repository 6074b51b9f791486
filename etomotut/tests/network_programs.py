"""What the programs with networks take, as their own help tells, and stand-ins that record it."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Dict, List, Sequence

# tardis_mem of TARDIS 0.3.36; every option has a value
TARDIS = {
    "path": "text", "mask": "boolean", "correct_px": "float", "normalize_px": "float",
    "cnn_checkpoint": "text", "dist_checkpoint": "text", "local_only": "boolean",
    "model_version": "integer", "convolution_nn": "text", "output_format": "text",
    "patch_size": "integer", "rotate": "boolean", "cnn_threshold": "text",
    "dist_threshold": "float", "points_in_patch": "integer", "device": "text",
    "debug": "boolean", "continue_b": "boolean",
}  # fmt: skip
# the commands of membrain of MemBrain-seg 0.0.10; a flag has no value
MEMBRAIN = {
    "segment": {
        "tomogram-path": "text", "ckpt-path": "text", "out-folder": "text",
        "rescale-patches": "flag", "no-rescale-patches": "flag", "in-pixel-size": "float",
        "out-pixel-size": "float", "store-probabilities": "flag",
        "no-store-probabilities": "flag", "store-connected-components": "flag",
        "no-store-connected-components": "flag", "connected-component-thres": "integer",
        "test-time-augmentation": "flag", "no-test-time-augmentation": "flag",
        "store-uncertainty-map": "flag", "no-store-uncertainty-map": "flag",
        "segmentation-threshold": "float", "sliding-window-size": "integer",
    },
    "components": {
        "segmentation-path": "text", "out-folder": "text", "connected-component-thres": "integer",
    },
    "skeletonize": {
        "label-path": "text", "out-folder": "text", "method": "text", "batch-size": "integer",
        "device": "text",
    },
}  # fmt: skip
_KINDS = {
    "boolean": ("True", "False").index, "float": float, "integer": int, "text": str
}  # fmt: skip


def read(words: Sequence[str], table: Dict[str, str]) -> Dict[str, str]:
    """Give the options in the words of a command line; raises ValueError as a program would."""
    given: Dict[str, str] = {}
    queue: List[str] = list(words)
    while queue:
        name = queue.pop(0)
        kind = table.get(name[2:]) if name.startswith("--") else None
        if kind is None:
            raise ValueError(f"No such option: {name}")
        given[name[2:]] = "" if kind == "flag" else queue.pop(0)
        if kind != "flag":
            _KINDS[kind](given[name[2:]])
    return given


_START = """#!{python}
import json, sys
from pathlib import Path
import mrcfile, numpy as np
from etomotut.tests.network_programs import read
words, tables = sys.argv[1:], json.loads({tables!r})
command = words.pop(0) if "" not in tables else ""
given = read(words, tables[command])
with open({record!r}, "a") as record:
    record.write(json.dumps([command, given]) + "\\n")
"""
_TARDIS = """
folder = Path(given["path"])  # given a file with a folder, the original fails
(path,) = folder.glob("*.mrc")
made = folder / "Predictions"
made.mkdir()
data = mrcfile.read(path)
mask = np.zeros(data.shape, np.int8)
if data.std() < {noise}:
    (made / "prediction_log.txt").write_text("Semantic prediction: No semantic detected.")
    sys.exit()
mask[5:9, 5:9, 5:30] = 1
mrcfile.write(made / (path.stem + "_semantic.mrc"), mask)
rows = ["IDs,X [A],Y [A],Z [A]", "0.0,50.0,50.0,50.0", "1.0,290.0,50.0,50.0"]
if given["output_format"].endswith("csv"):
    (made / (path.stem + "_instances.csv")).write_text("\\n".join(rows))
"""
_MEMBRAIN = """
if "ckpt-path" not in given:
    sys.exit("Ckpt path: Aborted.")
path, folder = Path(given["tomogram-path"]), Path(given["out-folder"])
folder.mkdir(exist_ok=True)
mask = np.zeros(mrcfile.read(path).shape, np.int8)
mask[5:9, 5:9, 5:12] = 1
mask[5:9, 5:9, 15:30] = 2 if "store-connected-components" in given else 1
token = Path(given["ckpt-path"]).name.split("-val_loss")[0]
mrcfile.write(folder / (path.stem + "_" + token + "_segmented.mrc"), mask)
"""


def install(folder: Path, noise: float = 0.0) -> Path:
    """Put stand-ins for both programs into a folder's bin; gives the file where they record.

    TARDIS's finds nothing in a tomogram whose standard deviation is below `noise`.
    """
    record = folder / "commands"
    record.touch()
    (folder / "bin").mkdir()
    programs = {
        "tardis_mem": (_TARDIS.format(noise=noise), {"": TARDIS}),
        "membrain": (_MEMBRAIN, MEMBRAIN),
    }
    for name, (body, tables) in programs.items():
        start = _START.format(python=sys.executable, tables=json.dumps(tables), record=str(record))
        program = folder / "bin" / name
        program.write_text(start + body)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return record
