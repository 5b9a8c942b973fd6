// Package status is what a port tells of itself: health, metrics, status page and JSON,
// reports to its fleet, and what is wrong with what to do about it. It reads; nothing is
// changed by it.
package status
