#!/bin/sh
# The first process of the bench's kernel. HIL_DIR holds what it is to run: for
# each NAME.test the directory to run it in, NAME.dir. It leaves NAME.out and
# NAME.status there, the one place of the host that it can write to.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t configfs configfs /sys/kernel/config
mount -t tmpfs tmpfs /run
mkdir /run/hil /run/package
mount -t hostfs -o "$HIL_DIR" none /run/hil
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ip link set lo up
export HOME=/tmp TMPDIR=/tmp CI=$CI
for test in /run/hil/*.test; do
	name=${test%.test}
	# The checkout may lie below what was just covered.
	mount -t hostfs -o "$(cat "$name.dir")" none /run/package
	cd /run/package || continue
	"$test" -test.v -test.timeout 8m -test.run "${HIL_RUN:-^TestKernel}" >"$name.out" 2>&1
	echo $? >"$name.status"
	cd /
	umount /run/package
done
echo o >/proc/sysrq-trigger
exec sleep 10
