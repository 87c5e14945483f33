"""More columns than rows: a ridge fit has its coefficients in the space of the rows, and is made there.

With QR of the transposed columns, (Z·P^-½)ᵀ = Q·R, coefficients P^-½·Q·θ have the linear predictors Rᵀ·θ and the
penalty θᵀθ. So n rotated columns do the work of p, with the same maximum. P is the penalty of each column.

References
----------
Hastie & Tibshirani 2004, Biostatistics 5:329.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bonerisk.survival.partial_likelihood import PartialLikelihood
from bonerisk.survival.rows import InMemory, Moments

Array = np.ndarray


@dataclass(frozen=True)
class Rotation:
    """Rotated columns and the way back.

    Parameters
    ----------
    columns : array (n, n)
    basis : array (p, n)
        Coefficients of the columns as given are ``basis @ theta``.
    """

    columns: Array
    basis: Array

    @classmethod
    def of(cls, z: Array, penalty: Array) -> Rotation:
        """Rotate columns (n, p), n < p, with penalties (p,) over 0; those of the rotated columns are 1."""
        shrunk = 1 / np.sqrt(penalty)
        basis, triangle = np.linalg.qr((z * shrunk).T)
        return cls(np.ascontiguousarray(triangle.T), basis * shrunk[:, None])


def rotated(likelihood: PartialLikelihood, penalty: Array) -> tuple[PartialLikelihood, Rotation]:
    """The partial likelihood of rotated columns; `penalty` (p,) is that of standardised columns."""
    z = np.concatenate([likelihood.standardised(chunk) for _, chunk in likelihood.rows.chunks()])
    found = Rotation.of(z, penalty)
    n = len(z)
    names = tuple(f"direction {j}" for j in range(n))
    as_it_is = Moments(np.zeros(n), np.ones(n), np.zeros(n, dtype=bool))
    return replace(likelihood, rows=InMemory(found.columns, names), moments=as_it_is), found
