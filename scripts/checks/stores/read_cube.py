"""Opens a cube with zarr-python and xarray: {"store": path} gives its times, georeference, types and sums."""
import json
import sys

import numpy as np
import xarray
import zarr

request = json.load(sys.stdin)
group = zarr.open_group(request["store"], mode="r", use_consolidated=True)
with xarray.open_zarr(request["store"], consolidated=True, decode_coords="all") as dataset:
    bounds = dataset["time_bnds"] if "time_bnds" in dataset else dataset.coords["time_bnds"]
    json.dump(
        dict(
            arrays=sorted(name for name, _ in group.arrays()),
            variables=sorted(dataset.data_vars),
            dimensions=list(dataset["red"].dims),
            times=[str(time)[:19] for time in dataset["time"].values],
            ends=[str(time)[:19] for time in bounds.values[:, 1]],
            x=float(dataset["x"][0]),
            y=float(dataset["y"][0]),
            dtypes=[str(group["red"].dtype), str(group["classes"].dtype)],
            title=dataset.attrs["title"],
            units=dataset["red"].attrs["units"],
            sum=float(dataset["red"].sum()),
            missing=[int(dataset["red"].isnull().sum()), int(dataset["classes"].isnull().sum())],
            at=[float(dataset["red"].sel(time="2021-07-01", x=300205, y=4999815, method="nearest"))],
        ),
        sys.stdout,
    )
