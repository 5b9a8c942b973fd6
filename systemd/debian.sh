#!/bin/sh
# debian.sh [SUITE]: prints where a Debian with systemd lies that packages are tried
# in; bookworm (12) has what the appliance needs, too. It is made once a machine,
# outside the tree, and copied by who uses it. Needs root.
set -eu

sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
arch=$(dpkg --print-architecture)
suite=${1:-bookworm}
packages=systemd,systemd-sysv
[ "$suite" != bookworm ] || packages=$packages,dbus,udev,kmod,iproute2,procps,libasound2,alsa-utils,redis-server
cache=${XDG_CACHE_HOME:-$HOME/.cache}/talkgate/debian-$suite-$arch-$(echo $packages | sha256sum | cut -c1-8)
if [ ! -e "$cache/ready" ]; then
	echo "debian.sh: making a Debian, once on this machine" >&2
	$sudo rm -rf --one-file-system "$cache"
	mkdir -p "$(dirname "$cache")"
	$sudo debootstrap --variant=minbase --include=$packages "$suite" "$cache" >&2
	$sudo rm -rf "$cache"/var/cache/apt/archives/*.deb "$cache"/var/lib/apt/lists/*
	$sudo touch "$cache/ready"
fi
echo "$cache"
