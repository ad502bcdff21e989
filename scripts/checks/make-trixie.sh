#!/usr/bin/env bash
# Makes a Debian 13 root in a new folder, as root: its zarr-python and xarray read Zarr v3, unlike Debian 12's, its GDAL
# is newer, and it has ONNX Runtime for Python and moto, a server of S3.
# Usage: make-trixie.sh FOLDER
set -euo pipefail
root=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# Has another name until it is complete. A killed run may have left /proc mounted in it.
partial="$root.partial"
rm -rf --one-file-system "$partial"
mkdir -p "$(dirname "$root")"
debootstrap --variant=minbase trixie "$partial" "$(bash "$here/debian-archive.sh")"

# Proxy and certificates of this machine.
apt-config dump | grep -E '^Acquire::https?::Proxy' >"$partial/etc/apt/apt.conf.d/90host" || true
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  mkdir -p "$partial/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$partial/etc/ssl/certs/"
fi
inside() { chroot "$partial" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
inside apt-get update
inside apt-get install -y --no-install-recommends gdal-bin python3-numpy python3-rasterio python3-scipy \
  python3-onnx python3-onnxruntime python3-xarray python3-zarr \
  python3-moto python3-boto3 python3-flask python3-flask-cors
inside apt-get clean
# ONNX Runtime does not start without it, and /proc is not mounted.
cp /proc/cpuinfo "$partial/proc/"
mv "$partial" "$root"
