#!/bin/sh
# arm64.sh: boots Debian's stock arm64 kernel in qemu-system-aarch64 and runs there the
# tests of hal/sound that need no other program, on the kernel's loopback card. The
# kernel has 250 ticks a second, so the delay is measured with periods of 10 ms.
set -eu
cd "$(dirname "$0")/../.."
.ci/needs.sh qemu-system-aarch64:qemu-system-arm cpio /usr/aarch64-linux-gnu/lib/libc.so.6:libc6-arm64-cross \
	/usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring

cache=${XDG_CACHE_HOME:-$HOME/.cache}/talkgate/kernel-arm64
[ -e "$cache/boot" ] || systemd/foreign.sh arm64 "$cache" 'linux-image-6.1.0-*' busybox-static
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/lib" "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp"
for sound in soundcore core/snd core/snd-timer core/snd-pcm drivers/snd-aloop; do
	cp "$cache"/lib/modules/*/kernel/sound/$sound.ko "$root/lib"
done
cp "$cache/bin/busybox" "$root/bin"
# Oto makes the binary dynamic.
for lib in ld-linux-aarch64.so.1 libc.so.6 libdl.so.2 libpthread.so.0 libm.so.6; do
	cp "/usr/aarch64-linux-gnu/lib/$lib" "$root/lib"
done
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 ${GO:-go} test -c -tags hil -ldflags='-s -w' -o "$root/bin/sound.test" ./hal/sound
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
for module in soundcore snd snd-timer snd-pcm; do insmod /lib/$module.ko; done
insmod /lib/snd-aloop.ko enable=1,1 id=Loopback,Dummy
uname -srm
cat /proc/asound/cards
HIL_PERIOD=10ms /bin/sound.test -test.v -test.run "^TestKernel($(cat /proc/cmdline | sed 's/.*tests=//'))$"
echo "exit code $?"
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initramfs"

timeout --kill-after=5 "${ARM64_TIME:-1200}" qemu-system-aarch64 -M virt -cpu cortex-a53 -smp 2 -m 512 -nic none -nographic -no-reboot \
	-kernel "$cache"/boot/vmlinuz-* -initrd "$work/initramfs" \
	-append "console=ttyAMA0 quiet tests=${ARM64_RUN:-PlaysAndCaptures|Gains|Xruns|LateReader|Close|NothingIsAllocated|VanishAndReturn|Delay}" \
	</dev/null | tee "$work/transcript"
grep -q '^exit code 0' "$work/transcript"
