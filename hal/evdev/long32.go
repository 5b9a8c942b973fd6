//go:build 386 || arm || mips || mipsle

package evdev

// long is the kernel's __kernel_ulong_t.
type long = uint32
