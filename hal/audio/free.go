//go:build linux && cgo

package audio

// #include <stdlib.h>
import "C"

import "unsafe"

// free gives back what malgo allocated for the name of a device.
func free(p unsafe.Pointer) { C.free(p) }
