"""Measurements of the embedded programs, beside IMOD where it is installed.

    python -m benchmarks [SUBJECT ...] [--quick] [--out FILE]

Each subject is a module with `cases(folder, is_quick)`: command lines that mean the same to the
embedded programs and to IMOD's, on inputs that are made on the fly.
"""
