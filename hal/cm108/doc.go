// Package cm108 is lines of USB radio interfaces with a C-Media chip (CM108,
// CM119 and their kin), or one that does as they do, such as the AIOC. Their
// pins are reached by reports of the human interface device that they are
// beside their sound card (hidraw).
//
// An interface is named by the USB socket it is plugged into, "usb:1-1.2" (see
// /sys/class/hidraw/hidraw*/device), by its serial number, "serial:c0ffee", or by
// the ALSA ID of its sound card, "card:AllInOneCable".
// Its pins are VOLUP, VOLDN, PLAYMUTE and RECMUTE, which are inputs, and GPIO1
// to GPIO8, which are either. A radio's squelch is on VOLDN, and its
// transmitter keyed by GPIO3, unless somebody has soldered otherwise.
//
// Edges carry the time at which the report was read; the kernel stamps none. An
// interface that is unplugged ends its lines with hal.ErrGone.
package cm108
