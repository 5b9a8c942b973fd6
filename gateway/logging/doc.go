// Package logging makes the logger of a process, for people, programs or the journal.
package logging
