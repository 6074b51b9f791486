"""Files to arrays and back; units and index bases turn here, and nothing is computed.

One module a format, each with `read` and `write`: mrc (stacks and volumes), xf (transforms),
tlt (one number a view), model (IMOD models), fiducials (residuals and 3D positions).
"""
