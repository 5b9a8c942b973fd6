#!/bin/sh
# reproducible.sh ARCH: makes the binary twice, in two checkouts at different
# paths and from two build caches, and compares.
set -eu
cd "$(dirname "$0")/.."
arch=$1
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

for nth in one another/deeper; do
	git clone -q . "$work/$nth"
	GOCACHE=$work/cache-$(basename $nth) "$work/$nth/systemd/cross.sh" "$arch"
done
cmp "$work/one/dist/$arch/talkgate" "$work/another/deeper/dist/$arch/talkgate"
echo "both are the same, byte for byte"
