#!/bin/sh
# The first process of the bench's kernel. HIL_DIR holds what it is to run,
# bench.test with a talkgate, and the name of the directory to run it in, bench.dir.
# It leaves bench.out and bench.status there, the one place of the host it can write to.
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
export HOME=/tmp TMPDIR=/tmp CI=$CI TALKGATE_TEST_BINARY=/run/hil/talkgate
# The checkout may lie below what was just covered.
mount -t hostfs -o "$(cat /run/hil/bench.dir)" none /run/package
cd /run/package &&
	/run/hil/bench.test -test.v -test.timeout "${HIL_TIMEOUT:-14m}" -test.run "${HIL_RUN:-^TestKernel}" >/run/hil/bench.out 2>&1
echo $? >/run/hil/bench.status
echo o >/proc/sysrq-trigger
exec sleep 10
