#!/usr/bin/env bash
# Installs lavapipe, Mesa's Vulkan driver for CPUs, as root. On Debian 12 it comes from backports, since Dawn refuses
# Mesa 22.
set -euo pipefail
needed=23
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
export DEBIAN_FRONTEND=noninteractive

recent() { [ -n "$1" ] && [ "$1" != '(none)' ] && dpkg --compare-versions "$1" ge "$needed"; }
installed() { dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null || true; }
candidate() { apt-cache policy mesa-vulkan-drivers | awk '/Candidate:/ { print $2 }'; }

if recent "$(installed)"; then
  echo "lavapipe: Mesa $(installed) is installed"
  exit 0
fi
apt-get update
options=()
if ! recent "$(candidate)"; then
  . /etc/os-release
  backports="$VERSION_CODENAME-backports"
  if ! apt-get indextargets --format '$(RELEASE)' 'Created-By: Packages' | grep -qx "$backports"; then
    archive=$(bash "$here/debian-archive.sh")
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $backports main" \
      >/etc/apt/sources.list.d/terrachip-backports.list
    apt-get update
  fi
  options=(-t "$backports")
fi
apt-get install -y --no-install-recommends "${options[@]}" libvulkan1 mesa-vulkan-drivers
if ! recent "$(installed)"; then
  echo "lavapipe: Mesa $(installed) is older than $needed, and Dawn refuses it" >&2
  exit 1
fi
echo "lavapipe: Mesa $(installed) was installed"
