"""How far a film's features lie from those of the training films: Mahalanobis' distance by principal components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

Array = np.ndarray

SHARE = 0.99  # assumed: of the training features' variance that the components explain
MOST = 64  # assumed: components
ROWS_EACH = 5  # assumed: training films for each component at least


@dataclass(frozen=True)
class Distance:
    """Training features as a normal distribution: some components, and one variance in all other directions.

    This is the covariance of probabilistic principal components. Unlike that of all features it can be inverted, for
    any number of films.

    Attributes
    ----------
    mean : array (width,)
    axes : array (components, width)
        Of length 1.
    variances : array (components,)
        Along the axes.
    rest : array ()
        Variance in each other direction.

    References
    ----------
    Tipping and Bishop 1999, J R Stat Soc B 61:611. Lee et al. 2018, NeurIPS 31 (Mahalanobis' distance of a network's
    features, to find images unlike those of its training).
    """

    mean: Array
    axes: Array
    variances: Array
    rest: Array

    @classmethod
    def fit(cls, features: Array, seed: int) -> Distance:
        """From the features (n, width) of at least two training films that differ."""
        from sklearn.decomposition import PCA

        n, width = features.shape
        most = max(1, min(MOST, n // ROWS_EACH, width - 1))
        values = features.astype(np.float64)
        with np.errstate(invalid="ignore"):  # shares of no variance, if all films are equal
            pca = PCA(most, random_state=seed).fit(values)
        found, total = np.nan_to_num(pca.explained_variance_), values.var(axis=0, ddof=1).sum()
        kept = min(1 + int((found.cumsum() < SHARE * total).sum()), most)
        rest = (total - found[:kept].sum()) / max(width - kept, 1)
        smallest = np.finfo(np.float32).eps * (total or 1.0)
        return cls(pca.mean_, pca.components_[:kept], np.maximum(found[:kept], smallest), np.array(max(rest, smallest)))

    def of(self, features: Array) -> Array:
        """Distances (n,) of features (n, width).

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> known = Distance.fit(rng.normal(size=(500, 3)) * [5, 1, 1], seed=0)
        >>> known.of(np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0]])).round()
        array([ 0.,  2., 10.])
        """
        away = features - self.mean
        along = away @ self.axes.T
        across = np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        found: Array = np.sqrt((along**2 / self.variances).sum(axis=1) + across / self.rest)
        return found

    def tensors(self) -> dict[str, Array]:
        """Its arrays by name."""
        return {name: np.ascontiguousarray(values) for name, values in asdict(self).items()}

    @classmethod
    def restored(cls, tensors: Mapping[str, Array]) -> Distance:
        """From what `tensors` returned."""
        return cls(**{name: tensors[name] for name in ("mean", "axes", "variances", "rest")})
