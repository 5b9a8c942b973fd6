#!/bin/sh
# updates.sh: the recipe of docs/updates.md, in a Debian of its own (debian.sh): a
# signed repository of this machine's package, an older version installed from it,
# a newer one found and installed by unattended-upgrade; one whose signature is
# wrong is not. Needs root.
set -eu
cd "$(dirname "$0")/../.."
say() { echo "updates: $*" >&2; }
fail() { say "FAILED: $*"; exit 1; }

sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
arch=$(dpkg --print-architecture)
deb=$(ls -t dist/talkgate_*_"$arch".deb | head -1)
debian=$(systemd/debian.sh)

chroot=$(mktemp -d) work=$(mktemp -d)
trap '$sudo umount "$chroot/proc" 2>/dev/null; $sudo rm -rf --one-file-system "$chroot"; rm -rf "$work"' EXIT
$sudo cp -a "$debian/." "$chroot"
$sudo mount -t proc proc "$chroot/proc"
$sudo cp /etc/resolv.conf "$chroot/etc/resolv.conf"
for conf in /etc/apt/apt.conf.d/*proxy*; do # how this machine reaches Debian
	[ ! -e "$conf" ] || $sudo cp "$conf" "$chroot/etc/apt/apt.conf.d/"
done
in_chroot() { $sudo chroot "$chroot" env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
in_chroot apt-get update -qq >&2
in_chroot apt-get install -y -qq --no-install-recommends unattended-upgrades >&2

GNUPGHOME=$work/gnupg
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'talkgate test <test@example>' ed25519 sign never
gpg --batch --quiet --export test@example >"$work/talkgate-archive.gpg"

# publish VERSION: that version of the package, as a repository has it.
publish() {
	rm -rf "$work/tree"
	dpkg-deb -R "$deb" "$work/tree"
	sed -i "s/^Version: .*/Version: $1/" "$work/tree/DEBIAN/control"
	dpkg-deb -b --root-owner-group "$work/tree" "$work/talkgate_$1_$arch.deb" >/dev/null
	systemd/apt-repository.sh "$work/apt" stable test@example "$work/talkgate_$1_$arch.deb"
	$sudo rm -rf "$chroot/srv/apt"
	$sudo cp -a "$work/apt" "$chroot/srv/apt"
}
installed() { in_chroot dpkg-query -W -f '${Version}' talkgate; }

# The board's files are those of the documentation.
recipe() { sed -n "/tee $(echo "$1" | sed 's,[/.],\\&,g') <<'END'/,/^END/p" docs/updates.md | sed '1d;$d'; }
$sudo install -D -m 644 "$work/talkgate-archive.gpg" "$chroot/usr/share/keyrings/talkgate-archive.gpg"
recipe /etc/apt/sources.list.d/talkgate.sources | sed 's,https://apt.example,file:/srv/apt,' |
	$sudo tee "$chroot/etc/apt/sources.list.d/talkgate.sources" >/dev/null
recipe /etc/apt/apt.conf.d/52talkgate | $sudo tee "$chroot/etc/apt/apt.conf.d/52talkgate" >/dev/null
grep -q file:/srv/apt "$chroot/etc/apt/sources.list.d/talkgate.sources" || fail "docs/updates.md has no source"
grep -q origin=talkgate "$chroot/etc/apt/apt.conf.d/52talkgate" || fail "docs/updates.md does not let talkgate be upgraded"

publish 0.0.1
in_chroot apt-get update -qq >&2
in_chroot apt-get install -y -qq --no-install-recommends talkgate >&2
[ "$(installed)" = 0.0.1 ] || fail "installed is $(installed)"
publish 0.0.2
in_chroot apt-get update -qq >&2
in_chroot unattended-upgrade -v >&2
[ "$(installed)" = 0.0.2 ] || fail "unattended-upgrade leaves $(installed)"
say "unattended-upgrade finds the newer version"
in_chroot apt-get install -y -qq --allow-downgrades talkgate=0.0.1 >&2
[ "$(installed)" = 0.0.1 ] || fail "there is no way back: $(installed)"
say "and there is a way back"

$sudo sed -i 's/^Origin: talkgate/Origin: talkgote/' "$chroot/srv/apt/dists/stable/InRelease"
if in_chroot apt-get update -qq -o APT::Update::Error-Mode=any >&2; then
	fail "a repository that was changed is taken"
fi
say "a repository that was changed is not taken: all is well"
