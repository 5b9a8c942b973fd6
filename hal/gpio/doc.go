// Package gpio is lines of the kernel's GPIO character devices: the header of a
// board, an expander on I²C or USB, whatever the kernel has a driver for.
//
// A chip is named by its label and a line by its name or its offset, never by
// the number of the device node: kernels renumber (see 'gpiodetect' and
// 'gpioinfo'). Pull resistors are named with the words of periph.io.
//
// Times of edges are the kernel's. What the filter of a contact lets pass is what the
// package delivers. A line whose chip was unplugged or unbound ends with hal.ErrGone.
package gpio
