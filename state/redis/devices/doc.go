// Package devices keeps in Redis which boards belong to a site and who is invited: a
// public key for each board, never a private one. It also gives each board its Redis user,
// with the least rights that do, and takes it away.
package devices
