"""Measurements of newsfilter, each run as ``python -m benchmarks.NAME``; README.md tells how to read them."""

import os

# One thread, or a ratio says how many cores a library took. This must be set before numpy is first imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
