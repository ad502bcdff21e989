#!/usr/bin/env bash
# Prints the address of the Debian archive in this machine's apt sources.
set -euo pipefail
. /etc/os-release
archive=$(apt-get indextargets --format '$(RELEASE) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
  awk -v release="$VERSION_CODENAME" '$1 == release || $2 == release { print $NF; exit }')
if [ -z "$archive" ]; then
  echo "the apt sources of this machine have no archive of $VERSION_CODENAME" >&2
  exit 1
fi
echo "$archive"
