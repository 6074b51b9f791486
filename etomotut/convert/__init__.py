"""Scipion objects to plain values and files, and back; the one place where they meet.

Outside this package a tilt series is what programs read: files, angles, transforms, in the order
of the stack. Scipion keeps views by acquisition order, disabled ones among them, pixel sizes in
objects, and transforms as 3 x 3 matrices; all that is turned here.
"""
