"""Arrays in, arrays out: the numbers of alignment and reconstruction; no files, no printing.

Views are (view, y, x), volumes (z, y, x); points are columns x, y in pixels. Array indices count
pixel centres from 0, and the centre of n pixels is (n - 1) / 2.
"""
