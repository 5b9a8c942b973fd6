// Package evdev reads keys of the kernel's input devices: foot switches, USB speaker
// microphones and Bluetooth push-to-talk buttons, which all look like keyboards.
//
// A device is named as the kernel names it, such as "PCsensor FootSwitch Keyboard", or
// by a path below /dev/input that stays the same, such as
// "/dev/input/by-id/usb-PCsensor_FootSwitch-event-kbd". A key has the name of
// linux/input-event-codes.h, such as "KEY_F13" or "BTN_LEFT", or its number.
//
// A device in use is grabbed (EVIOCGRAB): what is pressed on it types nowhere else. Its
// keys are shared among the inputs of a board, so that a switch with three pedals can
// have three roles.
//
// A key is a contact that comes and goes. While its device is unplugged, asleep or out
// of range the key is released, and Missing says so. When the device is back the key
// works again; if it is held at that moment, it has to be let go first.
package evdev
