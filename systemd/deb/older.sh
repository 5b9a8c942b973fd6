#!/bin/sh
# older.sh PACKAGE TARGET: makes an older package of the same content, to upgrade from.
set -eu
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
dpkg-deb -R "$1" "$tree/content"
sed -i 's/^Version: .*/Version: 0.0.0~1/' "$tree/content/DEBIAN/control"
dpkg-deb -b -Zgzip -z1 --root-owner-group "$tree/content" "$tree/old.deb" >/dev/null
cp "$tree/old.deb" "$2"
