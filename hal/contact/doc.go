// Package contact is what stands between a radio's contacts, as a driver sees
// them, and the inputs of package hal: bounce, glitches and what a press means.
package contact
