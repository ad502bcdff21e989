"""Reads a raster with rasterio three times and prints the median seconds: rasterio_read.py PATH [NUM_THREADS]"""
import sys
import time
import rasterio

options = {'NUM_THREADS': sys.argv[2]} if len(sys.argv) > 2 else {}
taken = []
for _ in range(3):
    start = time.perf_counter()
    with rasterio.open(sys.argv[1], **options) as file:
        file.read()
    taken.append(time.perf_counter() - start)
print(sorted(taken)[1])
