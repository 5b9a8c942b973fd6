// Package doctor checks what a port needs without running one, and says what to do. It
// opens what run opens, through the same daemon.Drivers.
package doctor
