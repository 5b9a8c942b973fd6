#!/bin/sh
# Prints the path of the User-Mode Linux kernel of the bench, and builds it first
# if this machine does not have it yet: about 6 minutes on two cores. It is kept
# outside the tree, under the name of what it is made of.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source_version=6.1
key=$(cat "$here/kernel.config" "$here/kernel.sh" | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/talkgate/uml-$key
if [ -x "$cache/linux" ]; then
	echo "$cache/linux"
	exit
fi

"$here/../../.ci/needs.sh" /usr/src/linux-source-$source_version.tar.xz:linux-source-$source_version flex bison bc xz:xz-utils \
	gcc make /usr/include/libelf.h:libelf-dev /usr/include/openssl/ssl.h:libssl-dev >&2 </dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "hil: building the kernel, once on this machine" >&2
tar -C "$work" -xf /usr/src/linux-source-$source_version.tar.xz
cd "$work/linux-source-$source_version"
# ALSA is fenced off from UML for want of hardware; its virtual cards need none.
sed -i 's/^if !UML$/if SOUND/' sound/Kconfig
# A processor with AMX has 11 KiB of registers to save, and Linux hands them over
# whole or not at all; User-Mode Linux has room for 2696 bytes.
sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696)/DEFINE_LONGS(HOST_FP_SIZE, 16384)/' arch/x86/um/user-offsets.c
make -s ARCH=um defconfig >/dev/null
scripts/kconfig/merge_config.sh -m .config "$here/kernel.config" >/dev/null
make -s ARCH=um olddefconfig >/dev/null
for option in GPIO_SIM SND_ALOOP SND_DUMMY HOSTFS HIDRAW USB_DUMMY_HCD USB_CONFIGFS_F_HID INPUT_EVDEV INPUT_UINPUT; do
	grep -q "^CONFIG_$option=y" .config || { echo "hil: the kernel would lack $option" >&2; exit 1; }
done
make -s ARCH=um -j"$(nproc)" linux >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
mkdir -p "$cache"
cp linux "$cache/linux.part"
strip "$cache/linux.part"
mv "$cache/linux.part" "$cache/linux"
echo "$cache/linux"
