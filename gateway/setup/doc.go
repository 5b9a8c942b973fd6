// Package setup makes a board a port with a hub of its own: Redis with users of least
// rights, the hub's secret and certificate authority, a channel, talk rights, the port's
// configuration and the services.
//
// What is to be done is a list of changes, a [Plan]. It is shown before anything is done.
// Each change is written to a journal before it is made, with what is needed to take it
// back. A run that fails or is interrupted takes back what it did; one that was killed is
// taken back by the next. A change that is in force already is not in the plan, so that a
// second run changes nothing.
//
// Everything that setup does to the machine goes through a [Machine]: tests play in a
// directory. What it asks of lines and cards goes through [Hardware].
package setup
