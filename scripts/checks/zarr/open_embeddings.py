"""Opens a store of embeddings with zarr-python and with xarray.

Input: {"store": path of a Zarr group}. Prints each reader's shapes, dimensions, first and last chip.
"""

import json
import os
import sys

import numpy as np
import xarray
import zarr

store = json.load(sys.stdin)["store"]
group = zarr.open_group(store, mode="r", zarr_format=3)


def about(read, dimensions):
    names = ["embeddings", "id", "crs", "bounds", "time", "valid"]
    values = {name: np.asarray(read(name)) for name in names}
    embeddings = values["embeddings"]
    time = values["time"]
    if time.dtype.kind == "M":
        time = time.astype("datetime64[ms]").astype("int64")
    return dict(
        shapes={name: list(value.shape) for name, value in values.items()},
        dimensions={name: list(dimensions(name)) for name in names},
        dtype=str(embeddings.dtype),
        ids=[str(values["id"][k]) for k in (0, -1)],
        different_ids=len(set(map(str, values["id"]))),
        crs=sorted(set(map(str, values["crs"]))),
        bounds=[values["bounds"][k].tolist() for k in (0, -1)],
        times=np.unique(time.astype("float64")).tolist(),
        missing=int(np.isnan(embeddings).any(axis=1).sum()),
        without_data=int((values["valid"] == 0).sum()),
        spread=float(np.nanstd(embeddings, axis=0).mean()),
        checksum=float(np.nansum(embeddings, dtype="float64")),
    )


readers = {
    "zarr-python": about(lambda name: group[name][:], lambda name: group[name].metadata.dimension_names)
}
with xarray.open_zarr(store) as dataset:
    readers["xarray"] = about(lambda name: dataset[name].values, lambda name: dataset[name].dims)
shards = sum(len(files) for _, _, files in os.walk(os.path.join(store, "embeddings", "c")))
json.dump(dict(readers=readers, attributes=dict(group.attrs), shards=shards), sys.stdout)
