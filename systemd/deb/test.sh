#!/bin/sh
# test.sh: judges the packages in dist/ with lintian; installs, upgrades, removes and
# purges this machine's in a Debian 12 of its own (debian.sh); and installs it in Debian
# 11 and 13, whose libraries have other names. Needs root.
set -eu
cd "$(dirname "$0")/../.."
say() { echo "deb-test: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }

sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
arch=$(dpkg --print-architecture)
deb=$(ls -t dist/talkgate_*_"$arch".deb | head -1)

for each in dist/talkgate_*.deb; do
	lintian --fail-on error,warning --tag-display-limit 0 --allow-root "$each" || fail "lintian finds fault with $each"
	say "lintian has nothing to say about $each"
done

debian=$(systemd/debian.sh)
chroot=$(mktemp -d)
trap '$sudo umount "$chroot/proc" 2>/dev/null; $sudo rm -rf --one-file-system "$chroot"' EXIT
$sudo cp -a "$debian/." "$chroot"
$sudo mount -t proc proc "$chroot/proc"
in_chroot() { $sudo chroot "$chroot" env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
has() { in_chroot test -e "$1" || fail "$2: $1 is missing"; }
hasnt() { in_chroot test ! -e "$1" || fail "$2: $1 is left"; }

systemd/deb/older.sh "$deb" "$chroot/old.deb"
$sudo cp "$deb" "$chroot/new.deb"

in_chroot dpkg -i /old.deb >&2
has /usr/bin/talkgate install
in_chroot talkgate version >&2
in_chroot id talkgate | grep -q 'gpio.*' || fail "install: the user talkgate is not in group gpio"
in_chroot id talkgate | grep -q 'audio' || fail "install: the user talkgate is not in group audio"
[ "$(in_chroot stat -c '%U:%G %a' /etc/talkgate)" = 'root:talkgate 750' ] || fail "install: /etc/talkgate is $(in_chroot stat -c '%U:%G %a' /etc/talkgate)"
in_chroot systemd-analyze verify --man=no talkgate-hub.service talkgate-guard.service talkgate@north.service >&2 || fail "the units as installed"
say "installed"

# What an administrator changed survives, and so does what the port is told.
in_chroot sh -c 'echo "# mine" >>/etc/default/talkgate-hub; echo mine >/etc/talkgate/north.yaml'
in_chroot dpkg -i --force-confdef /new.deb >&2
in_chroot grep -q '# mine' /etc/default/talkgate-hub || fail "upgrade: a changed conffile was overwritten"
has /etc/talkgate/north.yaml upgrade
in_chroot dpkg-query -W -f '${Version}\n' talkgate | grep -qv '^0.0.0~1$' || fail "upgrade: the old version is still there"
say "upgraded"

in_chroot dpkg -r talkgate >&2
hasnt /usr/bin/talkgate remove
hasnt /lib/systemd/system/talkgate-hub.service remove
has /etc/talkgate/north.yaml remove
has /etc/default/talkgate-hub remove
say "removed"

in_chroot dpkg -P talkgate >&2
hasnt /etc/talkgate purge
hasnt /etc/default/talkgate-hub purge
in_chroot sh -c '! find / -xdev -name "*talkgate*" -not -path "/proc/*" -not -path "/sys/*" -not -path "/var/log/*" | grep .' || fail "purge: something is left"
say "purged: all is well with $deb in Debian 12"

# Raspberry Pi OS is Debian with the same names. That the units are right is seen above:
# the systemd-analyze of Debian 11 wants more than a chroot.
for suite in bullseye trixie; do
	debian=$(systemd/debian.sh $suite)
	$sudo umount "$chroot/proc"
	$sudo rm -rf --one-file-system "$chroot"
	$sudo cp -a "$debian" "$chroot"
	$sudo mount -t proc proc "$chroot/proc"
	$sudo cp "$deb" "$chroot/new.deb"
	in_chroot dpkg -i /new.deb >&2 || fail "$suite: it does not install"
	in_chroot talkgate version >&2 || fail "$suite: the binary does not start"
	in_chroot dpkg -P talkgate >&2 || fail "$suite: it is not purged"
	say "installed and purged in Debian $(in_chroot cat /etc/debian_version) ($suite)"
done
