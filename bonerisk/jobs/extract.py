"""`bonerisk extract`: embed a cohort's films into one table."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from bonerisk.cohort.recorded import record_source, write_cohort
from bonerisk.cohort.table import Cohort
from bonerisk.config.run_folder import run_folder
from bonerisk.config.sweep import Order
from bonerisk.errors import ConfigError
from bonerisk.jobs.train import train
from bonerisk.models.components import check_contracts, component
from bonerisk.models.embeddings import embed_cohort
from bonerisk.models.frozen import frozen
from bonerisk.parts import Dataset


def extract(order: Order) -> Path:
    """Write the embeddings of a cohort's films, or of those of one shard, sorted by image_id."""
    config, data = order.config, Path(order.config.paths.data)
    with run_folder(order, config.name) as run:
        check_contracts(config)
        encoder, dataset = frozen(config, run, train), component(config.dataset, Dataset, "dataset")
        cohort = _part(record_source(dataset.load(data), run), config.shard, config.shards)
        place = f"{config.shard}_of_{config.shards}" if config.shards > 1 else ""
        found = embed_cohort(cohort, encoder, run, data, config.batch_size, place)
        write_cohort(found.cohort, run)
        with run.writes("failures", "failures.csv") as path:
            found.failures.to_csv(path, index=False)
        films = found.cohort.table[["image_id", "patient_id"]]
        with run.writes("embeddings", "embeddings.parquet") as path:
            found.store.write_parquet(films.assign(sha256=found.hashes(films["image_id"])), path)
    return run.folder


def _part(cohort: Cohort, shard: int, shards: int) -> Cohort:
    """The films of one shard, chosen by their names alone."""
    if not 0 <= shard < shards:
        mend = f"from 0 to {shards - 1}; -m shard={','.join(map(str, range(max(shards, 1))))} shards={shards} does all"
        raise ConfigError(f"there is no shard {shard} of {shards}", "shard", mend)
    if shards == 1:
        return cohort
    names = cohort.table["image_id"].astype(str)
    mine = np.array([zlib.crc32(name.encode()) % shards == shard for name in names], dtype=bool)
    table = cohort.table[mine].reset_index(drop=True)
    flow = cohort.flow.step(f"shard {shard} of {shards}", cohort.table, table, "other shards")
    return replace(cohort, table=table, flow=flow)
