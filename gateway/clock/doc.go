// Package clock knows when the time of day cannot be right. A board without a battery
// boots in the past, where certificates and tokens are of no use.
package clock
