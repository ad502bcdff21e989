#!/usr/bin/env bash
# Makes a Debian 13 root in a folder that does not exist, as root: its zarr-python and xarray read Zarr v3, which
# Debian 12's do not, and its GDAL is a newer one.
# Usage: make-trixie.sh FOLDER
set -euo pipefail
root=$1
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# Under another name until it is whole. A run that was killed may have left /proc mounted in it.
partial="$root.partial"
rm -rf --one-file-system "$partial"
mkdir -p "$(dirname "$root")"
debootstrap --variant=minbase trixie "$partial" "$(bash "$here/debian-archive.sh")"

# What leads from this machine to the archive leads from inside too.
apt-config dump | grep -E '^Acquire::https?::Proxy' >"$partial/etc/apt/apt.conf.d/90host" || true
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  mkdir -p "$partial/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$partial/etc/ssl/certs/"
fi
inside() { chroot "$partial" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
inside apt-get update
inside apt-get install -y --no-install-recommends gdal-bin python3-numpy python3-rasterio python3-scipy \
  python3-xarray python3-zarr
inside apt-get clean
mv "$partial" "$root"
