"""Pictures of tilt series, alignments and tomograms, from plain arrays; no Scipion here.

Drawing functions take arrays and give matplotlib figures; `export` reads files and writes PNGs.
Images are shown as IMOD shows them, the first row at the bottom.
"""
