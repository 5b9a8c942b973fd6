#!/bin/sh
# test.sh [KERNEL]: installs this machine's package from dist/ into a Debian of its
# own and boots it, with systemd as its first process, on the User-Mode Linux kernel
# of the bench: real GPIO lines, a real sound card, a real service manager. What
# inside.sh did there is printed, and kept in build/appliance/transcript. Needs root.
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/systemd/appliance

sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
deb=$(ls -t dist/talkgate_*_"$(dpkg --print-architecture)".deb | head -1)
kernel=${1:-$(hal/hil/kernel.sh)}
debian=$(systemd/debian.sh)

work=$(mktemp -d)
trap '$sudo rm -rf --one-file-system "$work"' EXIT
root=$work/root
$sudo cp -a "$debian" "$root"
$sudo cp "$here/inside.sh" "$root/root/inside.sh"
systemd/deb/older.sh "$deb" "$work/old.deb"
$sudo cp "$work/old.deb" "$root/old.deb"
$sudo cp "$deb" "$root/new.deb"
# Where it leaves what it has to say.
out=$PWD/build/appliance
rm -rf "$out"
mkdir -p "$out"
echo "none /mnt hostfs $out 0 0" | $sudo tee "$root/etc/fstab" >/dev/null
$sudo tee "$root/etc/systemd/system/appliance.service" >/dev/null <<-UNIT
	[Unit]
	Description=The trial of the appliance
	RequiresMountsFor=/mnt
	[Service]
	ExecStart=/root/inside.sh
	StandardOutput=truncate:/mnt/transcript
	StandardError=inherit
UNIT
# Not its first boot, at which systemd would enable everything.
echo 0123456789abcdef0123456789abcdef | $sudo tee "$root/etc/machine-id" >/dev/null
echo appliance | $sudo tee "$root/etc/hostname" >/dev/null
$sudo ln -s /etc/systemd/system/appliance.service "$root/etc/systemd/system/multi-user.target.wants/appliance.service"
$sudo rm -f "$root/etc/systemd/system/multi-user.target.wants/redis-server.service"
# A file system of its own, as only there its users own what they write.
$sudo mke2fs -q -t ext4 -d "$root" "$work/disk" 1500M

# Beyond this it hangs; it takes about two minutes on an idle machine of two cores.
$sudo timeout --kill-after=5 900 "$kernel" ubd0="$work/disk" root=/dev/ubda rw init=/sbin/init mem=1024M con=null con0=fd:0,fd:1 quiet \
	systemd.unit=multi-user.target systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer \
	systemd.mask=e2scrub_all.timer systemd.mask=getty@tty1.service </dev/null >"$out/console" 2>&1 || true
cat "$out/transcript"
[ "$(cat "$out/result" 2>/dev/null)" = 0 ] || {
	echo "appliance: FAILED; what the kernel said is in build/appliance/console" >&2
	exit 1
}
