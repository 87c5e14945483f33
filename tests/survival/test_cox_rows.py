from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bonerisk.errors import DataError
from bonerisk.survival import cox, rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 6)).astype(np.float32)
TIME, EVENT = np.ceil(RNG.exponential(size=500) * 30), RNG.random(500) < 0.4


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rows, "CHUNK_VALUES", 6 * 37)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 6)
    columns = {f"c{j}": X[:, j] for j in range(6)}
    pq.write_table(
        pa.table({"embedding": lists, "name": ["a"] * 500, **columns}), tmp_path / "x.parquet", row_group_size=90
    )
    return tmp_path / "x.parquet"


@pytest.mark.parametrize("columns", ["embedding", [f"c{j}" for j in range(6)]], ids=["list", "columns"])
def test_a_parquet_file_is_fitted_like_the_array_in_it(table: Path, columns: str | list[str]) -> None:
    held = rows.Parquet(table, columns)
    ours, array = cox.fit(held, TIME, EVENT), cox.fit(X, TIME, EVENT)
    np.testing.assert_allclose(ours.coefficients, array.coefficients, rtol=1e-9)
    np.testing.assert_allclose(ours.covariance, array.covariance, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ours.survival(held, [5, 9]), array.survival(X, [5, 9]), rtol=1e-9)
    assert ours.names == (tuple(columns) if isinstance(columns, list) else tuple(f"embedding[{j}]" for j in range(6)))


def test_chunks_are_small_and_complete(table: Path) -> None:
    parts = list(rows.Parquet(table, "embedding").chunks())
    assert max(len(chunk) for _, chunk in parts) <= 37
    np.testing.assert_array_equal(np.concatenate([chunk for _, chunk in parts]), X)
    assert [part.stop for part, _ in parts[:-1]] == [part.start for part, _ in parts[1:]]


@pytest.mark.parametrize(("columns", "message"), [("age", "no column age"), (["c0", "name"], "name holds string")])
def test_columns_that_are_not_there_or_no_numbers_are_named(table: Path, columns: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        cox.fit(rows.Parquet(table, columns), TIME, EVENT)


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("nothing")
    with pytest.raises(DataError, match="not a Parquet file"):
        cox.fit(rows.Parquet(tmp_path / "x.parquet", "x"), TIME, EVENT)


def test_an_empty_cell_is_named_by_row(table: Path) -> None:
    values = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 6).to_pylist()
    pq.write_table(pa.table({"c0": pa.array([1.0] * 400 + [None] * 100)}), table)
    with pytest.raises(DataError, match="c0 is nan\n  where: row 400"):
        cox.fit(rows.Parquet(table, ["c0"]), TIME, EVENT)
    values[123] = None
    pq.write_table(pa.table({"embedding": pa.array(values, pa.list_(pa.float32(), 6))}), table)
    with pytest.raises(DataError, match="row 123"):
        cox.fit(rows.Parquet(table, "embedding"), TIME, EVENT)


def test_an_array_is_never_copied_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CHUNK_VALUES", 2**18)
    n = 100_000
    x = np.random.default_rng(1).normal(size=(n, 64)).astype(np.float32)
    time, event = np.ceil(RNG.exponential(size=n) * 300), np.arange(n) % 400 == 0
    tracemalloc.start()
    cox.fit(x, time, event)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes
