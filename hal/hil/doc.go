// Package hil is the bench: it runs tests on a kernel of their own, User-Mode
// Linux, with real GPIO character devices, real ALSA cards and a USB bus with
// both its ends, which need no hardware. 'make hil' builds that kernel once a
// machine (kernel.sh), boots it on the read-only file system of the host
// (init.sh), and runs in it the tests that have the build tag hil and a name that
// starts with TestKernel.
//
// User-Mode Linux is not real time and counts in ticks of 10 ms: the tests
// assert order, presence and counts.
package hil
